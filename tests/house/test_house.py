"""The rules of the house hold."""

from __future__ import annotations

import ast
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from corral.version import __version__

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "corral"
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = ("starlette", "uvicorn", "sqlalchemy", "av", "PIL", "pydicom", "numpy", "nibabel", "pypdfium2", "corral.server")
BANNED = {"utils", "util", "helpers", "helper", "common", "manager", "service", "misc", "base", "globals"}


def test_modules_are_small() -> None:
    lines = {path: len(path.read_text().splitlines()) for path in MODULES}
    assert {str(path): count for path, count in lines.items() if count > 400} == {}
    assert statistics.median(lines.values()) <= 200


def test_module_names() -> None:
    assert [str(path) for path in MODULES if path.stem in BANNED or path.parent.name in BANNED] == []


def test_every_module_says_what_it_does() -> None:
    silent = [str(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
    files = [*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    assert [str(path) for path in files if words.search(path.read_text())] == []


@pytest.mark.parametrize("module", ["corral", "corral.records.dataset", "corral.sdk.user_client", "corral.sdk.dataset"])
def test_the_sdk_is_light(module: str) -> None:
    program = f"import {module}, sys; import corral; corral.UserClient; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert [name for name in HEAVY if name in loaded] == []


def test_floors_hold() -> None:
    done = subprocess.run([lint_imports()], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_contract_can_fail(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "src/corral/records/wrong.py").write_text('"""Wrong."""\nimport corral.server.settings\n')
    done = subprocess.run(
        [lint_imports()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path / "src"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode != 0
    assert "corral.records.wrong" in done.stdout


def lint_imports() -> str:
    return str(Path(sys.executable).parent / "lint-imports")


def test_coverage_page_is_current() -> None:
    from corral.server.http.coverage import page

    assert (ROOT / "docs" / "coverage.md").read_text() == page()


def test_all_known_operations_are_in_the_tables() -> None:
    from corral.server.http.legacy.operations import OPERATIONS as legacy
    from corral.server.http.v2.operations import OPERATIONS as rest

    index = [operation for operation in rest if operation.name.startswith("index/")]
    own = [operation for operation in rest if operation.name.startswith("corral/")]
    assert (len(legacy), len(rest) - len(index) - len(own), len(index)) == (13, 66, 16)
    assert len({(operation.method, operation.name) for operation in rest}) == len(rest)


def test_constraints_name_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9_.+!]+", line)] == []


def test_every_setting_is_documented() -> None:
    names = set(re.findall(r'"(CORRAL_[A-Z_]+)"', (SOURCE / "server/settings.py").read_text()))
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert __version__ in (ROOT / "CHANGELOG.md").read_text()


def test_without_the_server_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from corral.cli.main import main; sys.exit(main(['serve']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "corral: uvicorn is missing. Install the server: pip install 'corral[server]'\n"
