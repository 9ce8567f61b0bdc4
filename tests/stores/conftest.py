"""Every kind of customers' storage, running."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from corral.server.integrations.kinds import KINDS
from corral.server.stores.buckets import BucketSource
from corral.server.stores.directory import DirectorySource
from corral.server.stores.source import Source
from corral.server.stores.url_signing import UrlSigner
from tests import object_stores
from tests.conftest import need
from tests.object_stores import ObjectStore

KINDS_UNDER_TEST = ("local", "ceph", "azurite", "google")


def local(folder: Path) -> ObjectStore:
    """A plain directory in the shape of the others."""

    def put(key: str, content: bytes) -> None:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return ObjectStore("local", {"root": str(folder)}, put, bucket=str(folder))


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[dict[str, ObjectStore]]:
    """The stores that were asked for so far; they stop with the session."""
    with ExitStack() as stack:
        yield _Stores(stack)


class _Stores(dict[str, ObjectStore]):
    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, name: str) -> ObjectStore:
        folder = Path(tempfile.mkdtemp(prefix="corral-store-"))  # Ceph's sockets need a short path
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if name == "local":
            self[name] = local(folder)
        else:
            self[name] = self._stack.enter_context(getattr(object_stores, name)(folder))
        return self[name]


def require(name: str) -> None:
    """Skip where a store's server is not installed."""
    present = {
        "local": True,
        "ceph": object_stores.has_ceph(),
        "azurite": object_stores.AZURITE.exists(),
        "google": object_stores.fake_gcs() is not None,
    }
    need(name, present[name])


@pytest.fixture(params=KINDS_UNDER_TEST)
def store(request: pytest.FixtureRequest, running: dict[str, ObjectStore]) -> ObjectStore:
    require(request.param)
    return running[request.param]


@pytest.fixture
def source(store: ObjectStore) -> Source:
    return source_of(store)


def source_of(store: ObjectStore, **other: str) -> Source:
    """What an integration with these credentials reads through."""
    if store.kind == "local":
        return DirectorySource(store.values["root"], "an-integration", UrlSigner("http://corral.test", b"secret"))
    values = {**store.values, **other}
    secrets = KINDS[store.kind].secrets
    settings = {name: value for name, value in values.items() if name not in secrets}
    return BucketSource(store.kind, settings, {name: value for name, value in values.items() if name in secrets})


def url_of(store: ObjectStore, key: str) -> str:
    """The object URL of a key."""
    return f"file://{quote(store.bucket)}/{quote(key)}" if store.kind == "local" else store.url(key)
