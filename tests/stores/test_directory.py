"""A directory read in place never gives away what lies outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corral.server.stores.directory import DirectorySource
from corral.server.stores.source import SourceError
from corral.server.stores.url_signing import UrlSigner


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "inside.txt").write_text("inside")
    (tmp_path / "outside.txt").write_text("outside")
    return tmp_path / "root"


@pytest.fixture
def source(root: Path) -> DirectorySource:
    return DirectorySource(str(root), "an-integration", UrlSigner("http://corral.test", b"secret"))


def test_links_out_of_the_root_are_refused(root: Path, source: DirectorySource) -> None:
    (root / "link.txt").symlink_to(root.parent / "outside.txt")
    (root / "folder").symlink_to(root.parent)
    (root / "fine.txt").symlink_to(root / "inside.txt")
    for name in ("link.txt", "folder/outside.txt"):
        with pytest.raises(SourceError, match="no file below"):
            source.open(f"file://{root}/{name}")
    assert source.open(f"file://{root}/fine.txt").file.read() == b"inside"
    listed = [entry.url for page in source.list(f"file://{root}/") for entry in page]
    assert listed == [f"file://{root}/fine.txt", f"file://{root}/inside.txt"]


def test_path_tricks_are_refused(root: Path, source: DirectorySource) -> None:
    for url in (
        f"file://{root}/../outside.txt",
        f"file://{root}/%2e%2e/outside.txt",
        f"file://{root}/x/..%2f..%2foutside.txt",
        f"file://{root}/inside.txt%00.jpg",
        f"file://{root}",
        f"file://{root}x/inside.txt",
        "file://localhost/etc/passwd",
        "file:///",
        f"{root}/inside.txt",
    ):
        with pytest.raises(SourceError):
            source.open(url)


def test_what_is_no_plain_file_is_refused(root: Path, source: DirectorySource) -> None:
    os.mkfifo(root / "pipe")
    for name in ("pipe", ""):
        with pytest.raises(SourceError):
            source.open(f"file://{root}/{name}")
