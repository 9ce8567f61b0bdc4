"""Listings as a client sees them: the same pages, orders and filters through HTTP and the SDK."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from corral import DataType, FoldersSortBy, StorageItemType, UserClient
from corral.sdk.folder import StorageFolder
from tests.server.wire import Wire
from tests.servers import Server

NAMES = ["a", "A", "ä", "Ä", "100%", "a_b", "a b", "a+b", "a&b=c", "a\\b", "'\"", "ж", "\uffee", "\U0001d538", "a"]
ORDERS = list(itertools.product(FoldersSortBy, (False, True)))


@pytest.fixture
def client(server: Server) -> Iterator[UserClient]:
    with UserClient.create_with_ssh_private_key(ssh_private_key_path=server.admin_key, domain=server.url) as made:
        yield made


@pytest.fixture
def folder(client: UserClient) -> StorageFolder:
    return client.create_storage_folder("listings")


@pytest.mark.parametrize(("order", "descending"), ORDERS)
def test_folders(folder: StorageFolder, order: FoldersSortBy, descending: bool) -> None:
    made = [folder.create_subfolder(name) for name in NAMES]
    key = "name" if order is FoldersSortBy.NAME else "created_at"
    expected = [
        one.uuid for one in sorted(made, key=lambda one: (getattr(one, key), str(one.uuid)), reverse=descending)
    ]
    for page_size in (1, 4, len(NAMES), 1000):
        found = folder.list_subfolders(order=order, desc=descending, page_size=page_size)
        assert [one.uuid for one in found] == expected
    walk = folder.list_subfolders(order=order, desc=descending, page_size=4)
    seen = [next(walk).uuid for _ in range(6)]
    for name in ("", "a", "zz"):  # beginning, middle and end
        folder.create_subfolder(f"{name}new")
    seen += [one.uuid for one in walk]
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in expected] == expected


@pytest.mark.parametrize("search", sorted({*NAMES, "A B", "Ж", "%", "_", "nothing"}))
def test_search(client: UserClient, folder: StorageFolder, search: str) -> None:
    for name in NAMES:
        folder.create_subfolder(name)
    expected = sorted(name for name in NAMES if search.lower() in name.lower())
    assert [one.name for one in folder.list_subfolders(search=search, page_size=3)] == expected
    everywhere = [one for one in client.find_storage_folders(search=search) if one.path_to_root]
    assert sorted(one.name for one in everywhere if one.path_to_root[0].uuid == folder.uuid) == expected


def test_items_and_rows(client: UserClient, folder: StorageFolder, tmp_path: Path) -> None:
    text, table = tmp_path / "a.txt", tmp_path / "a.csv"
    text.write_text("some words")
    table.write_text("t,v\n0,1\n1,2\n")
    below = folder.create_subfolder("below")
    texts = [place.upload_text(text, title=name) for place, name in ((folder, "ж 1"), (folder, "a%"), (below, "ж 2"))]
    series = folder.upload_time_series(table, title="ж 3")
    made = client.create_dataset("listed", create_backing_folder=False)
    dataset = client.get_dataset(made.dataset_hash)
    rows = dataset.link_items([texts[0], series])
    kinds = [StorageItemType.PLAIN_TEXT, StorageItemType.IMAGE]
    assert [one.uuid for one in folder.list_items(item_types=kinds, page_size=1)] == [texts[1], texts[0]]
    assert [one.uuid for one in folder.find_items(search="Ж", page_size=1)] == [texts[0], texts[2], series]
    assert [one.uuid for one in folder.find_items(is_in_dataset=False, page_size=1)] == [texts[1], texts[2]]
    assert [one.uuid for one in folder.list_items(is_in_dataset=True, desc=True)] == [series, texts[0]]
    wanted = [StorageItemType.TIMESERIES]
    assert series in {one.uuid for one in client.find_storage_items(item_types=wanted, search="3", page_size=1)}
    titles = [row.title for row in rows]
    assert titles == ["ж 1", "ж 3"]
    assert [row.title for row in dataset.list_data_rows(title_like="Ж _")] == titles
    assert [row.title for row in dataset.list_data_rows(data_types=[DataType.PLAIN_TEXT])] == titles[:1]
    assert [row.title for row in dataset.list_data_rows(data_hashes=[rows[1].uid])] == titles[1:]
    assert len(dataset.list_data_rows(created_after=rows[0].created_at)) == 2
    assert dataset.list_data_rows(created_before=rows[0].created_at) == []
    assert dataset.list_data_rows(created_after=rows[1].created_at + timedelta(seconds=2)) == []


def test_datasets(client: UserClient) -> None:
    mark = uuid.uuid4().hex
    made = [client.create_dataset(f"{mark} {title}", dataset_description=title) for title in ("a%", "Äb", "a_c")]
    hashes = [one.dataset_hash for one in reversed(made)]

    def found(**wanted: object) -> list[str]:
        return [str(one.dataset_uuid) for one in client.get_datasets(**wanted)]  # type: ignore[arg-type]

    assert found(title_like=f"{mark.upper()}%") == hashes
    assert found(title_eq=f"{mark} a%") == hashes[2:]
    assert found(title_like=f"{mark} ä_") == hashes[1:2]
    assert found(title_like=f"{mark}%", desc_eq="a_c") == hashes[:1]
    assert found(title_cont=mark) == hashes
    moments = {str(one.dataset_uuid): one.created_at for one in client.get_datasets(title_cont=mark)}
    middle = moments[hashes[1]]
    assert found(title_cont=mark, created_after=middle) == hashes[:2]
    assert found(title_cont=mark, created_before=middle) == hashes[2:]
    assert found(title_cont=mark, edited_after=middle.isoformat(), edited_before=moments[hashes[0]]) == hashes[1:2]


def test_page_tokens_that_are_not_of_this_listing(server: Server) -> None:
    wire = Wire(server)
    folder = wire.new_folder()
    for name in ("a", "b"):
        wire.rest("POST", "storage/folders", {"name": name, "parent": folder})
    first = wire.rest("GET", f"storage/folders/{folder}/folders", query="pageSize=1").json()
    token = first["nextPageToken"]
    for path in (f"storage/folders/{folder}/items", "storage/search/items"):
        assert wire.rest("GET", path, query=urlencode({"pageToken": token})).status_code == 200
    for bent in (token[:-2], token[::-1], "é", "WzEsMl0", "W10", "bnVsbA"):
        answer = wire.rest("GET", f"storage/folders/{folder}/folders", query=urlencode({"pageToken": bent}))
        assert answer.status_code == 400, bent
        assert "nextPageToken" in answer.json()["message"]
