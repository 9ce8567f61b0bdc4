"""No module of the SDK, the records or the package itself loads anything that only the server extra installs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


def extra_modules() -> set[str]:
    """Top-level modules of the server extra, as they are installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[<>=]", wanted)[0].lower() for wanted in project["optional-dependencies"]["server"]}
    installed = metadata.packages_distributions()
    return {
        module
        for module, owners in installed.items()
        if names & {owner.lower() for owner in owners} and not module.startswith("_")
    }


def test_every_module_of_the_sdk_is_light() -> None:
    paths = [SOURCE / "corral" / "__init__.py", *(SOURCE / "corral" / "sdk").glob("*.py")]
    paths += [*(SOURCE / "corral" / "records").glob("*.py")]
    modules = [".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    program = f"import {', '.join(modules)}, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = extra_modules()
    assert {"starlette", "sqlalchemy", "av", "PIL", "pydicom"} <= heavy
    assert "corral.sdk.user_client" in loaded
    assert sorted(name for name in loaded if name.split(".")[0] in heavy or name.startswith("corral.server")) == []
