"""Fixtures of the compat suite: each test runs with the vendor's SDK and with ours."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.compat import clients
from tests.servers import Server


@pytest.fixture(params=clients.NAMES)
def names(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Enums and errors of the SDK at hand."""
    return clients.names_of(request.param)


@pytest.fixture
def client(server: Server, names: SimpleNamespace) -> Any:
    """The administrator."""
    return clients.connect(names.sdk, server.url, server.admin_key)


@pytest.fixture
def other(server: Server, names: SimpleNamespace) -> SimpleNamespace:
    """A new member of the organisation: `.client`, `.email`, `.key`."""
    email = f"user-{uuid.uuid4().hex[:8]}@example.org"
    key: Path = server.add_user(email)
    return SimpleNamespace(client=clients.connect(names.sdk, server.url, key), email=email, key=key)


@pytest.fixture
def mirror(client: Any, names: SimpleNamespace) -> Any:
    """A new mirror dataset."""
    made = client.create_dataset(f"mirror {uuid.uuid4().hex[:8]}", names.StorageLocation.CORD_STORAGE)
    return client.get_dataset(made.dataset_hash)


@pytest.fixture
def plain(client: Any, names: SimpleNamespace) -> Any:
    """A new dataset without a folder of its own."""
    made = client.create_dataset(
        f"plain {uuid.uuid4().hex[:8]}", names.StorageLocation.CORD_STORAGE, create_backing_folder=False
    )
    return client.get_dataset(made.dataset_hash)


@pytest.fixture
def bucket(server: Server, tmp_path: Path) -> SimpleNamespace:
    """A directory that an integration reads in place: `.id`, `.title`, `.root`, `.url(name)`."""
    root = tmp_path / "a bucket"
    root.mkdir()
    title = f"bucket {uuid.uuid4().hex[:8]}"
    added = server.cli("integration", "add", "local", "--title", title, "--root", str(root), "--quiet")
    return SimpleNamespace(id=added.strip(), title=title, root=root, url=lambda name: (root / name).as_uri())


@pytest.fixture
def folder(client: Any) -> Any:
    """A new folder at the root."""
    return client.create_storage_folder(f"folder {uuid.uuid4().hex[:8]}")
