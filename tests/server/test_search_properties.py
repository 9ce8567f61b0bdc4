"""Searches across a tree of folders, some of them shared: every page walk gives what a plain model gives."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corral.errors import AuthorisationError
from corral.server.identifiers import new_id
from corral.server.media.facts import Facts
from corral.server.storage import folder_queries, item_commands, item_queries
from corral.vocabulary import FoldersSortBy, StorageItemType
from tests.server.forest import KINDS, NAMES, OFTEN, PLACES, STAMPS, Forest, contains, new_forest
from tests.server.listing import Library, walk

FATES = st.sampled_from(["", "given", "mirror", "given mirror"])
FOLDERS = st.lists(st.tuples(NAMES, PLACES, STAMPS, FATES), min_size=1, max_size=9)
ROLES = st.sampled_from(["ADMIN", "MEMBER"])
ORDERS = st.sampled_from(list(FoldersSortBy))
STAMP = "2026-01-02T00:00:00.000000Z"


def key_of(order: FoldersSortBy) -> str:
    return "name" if order is FoldersSortBy.NAME else "created_at"


def folders_of(forest: Forest, parent: str | None, wanted: folder_queries.FolderFilter) -> list[str]:
    """The model: which of the folders a listing is to give, in order."""
    key = key_of(wanted.order)

    def fits(folder: dict[str, Any]) -> bool:
        if parent is not None:
            above = forest.above(folder["id"])[1:]
            return parent in above if wanted.recursive else folder["parent"] == parent
        if not wanted.everyone and not forest.granted(folder["id"]):
            return False
        top = folder["parent"] is None or (not wanted.everyone and not forest.granted(folder["parent"]))
        return wanted.recursive or top

    found = [
        (folder[key], folder["id"])
        for folder in forest.folders.values()
        if fits(folder)
        and contains(wanted.search, folder["name"])
        and wanted.dataset_synced in (None, folder["mirror"])
    ]
    return [one for _, one in sorted(found, reverse=wanted.descending)]


@OFTEN
@given(
    folders=FOLDERS, later=st.lists(st.tuples(NAMES, PLACES, STAMPS, FATES), max_size=3), role=ROLES, place=PLACES,
    search=st.none() | NAMES, synced=st.none() | st.booleans(), everyone=st.booleans(), recursive=st.booleans(),
    order=ORDERS, descending=st.booleans(), page_size=st.integers(1, 4),
)  # fmt: skip
def test_folders(library: Library, folders: Any, later: Any, role: str, place: Any, search: Any, synced: Any,
                 everyone: bool, recursive: bool, order: Any, descending: bool, page_size: int) -> None:  # fmt: skip
    def asked(token: str | None) -> folder_queries.FolderFilter:
        return folder_queries.FolderFilter(
            search=search, dataset_synced=synced, everyone=everyone and role == "ADMIN", recursive=recursive,
            order=order, descending=descending, page_token=token, page_size=page_size,
        )  # fmt: skip

    def page(token: str | None) -> Any:
        if waiting and token is not None:  # somebody makes folders while we turn the pages
            with library.database.write() as tx:
                forest.grow(tx, *waiting.pop())
        with library.database.read() as tx:
            return folder_queries.list_folders(forest.viewer, tx, parent, asked(token))

    waiting = list(later)
    with library.database.write() as tx:
        forest = new_forest(library, tx, role, folders)
    openable = [folder for folder in forest.folders if forest.visible(folder)]
    parent = openable[place % len(openable)] if openable and place is not None else None
    before = folders_of(forest, parent, asked(None))
    found = [row["id"] for row in walk(page)]
    assert [one for one in found if one in set(before)] == before
    assert found == [one for one in folders_of(forest, parent, asked(None)) if one in set(found)]


@OFTEN
@given(
    folders=FOLDERS, stored=st.lists(st.tuples(NAMES, KINDS, STAMPS, st.integers(0, 8)), max_size=10),
    later=st.lists(st.tuples(NAMES, st.integers(0, 8)), max_size=3), role=ROLES, place=PLACES,
    search=st.none() | NAMES, kinds=st.lists(KINDS, max_size=2), everyone=st.booleans(), recursive=st.booleans(),
    order=ORDERS, descending=st.booleans(), page_size=st.integers(1, 4),
)  # fmt: skip
def test_items(library: Library, folders: Any, stored: Any, later: Any, role: str, place: Any, search: Any, kinds: Any,
               everyone: bool, recursive: bool, order: Any, descending: bool, page_size: int) -> None:  # fmt: skip
    everyone = everyone and role == "ADMIN"
    waiting = list(later)

    def put(tx: Any, name: str, number: int, kind: str = "image", stamp: str = STAMP) -> None:
        forest.owner.item(tx, list(forest.folders)[number % len(folders)], name, kind, stamp)

    def page(token: str | None) -> Any:
        with library.database.write() as tx:
            if waiting and token is not None:
                put(tx, *waiting.pop())
            wanted = item_queries.ItemFilter(
                search=search, item_types=[StorageItemType(kind) for kind in kinds], everyone=everyone,
                recursive=recursive, order=order, descending=descending, page_token=token, page_size=page_size,
            )  # fmt: skip
            return item_queries.list_items(forest.viewer, tx, start, wanted)

    def fits(item: dict[str, Any]) -> bool:
        folder = item["folder_id"]
        if start is None:
            here = everyone or forest.granted(folder)
        else:
            here = start in forest.above(folder) if recursive else folder == start
        return here and contains(search, item["name"]) and (not kinds or item["item_type"] in kinds)

    def expected() -> list[str]:
        fitting = [(item[key_of(order)], one) for one, item in forest.owner.made.items() if fits(item)]
        return [one for _, one in sorted(fitting, reverse=descending)]

    with library.database.write() as tx:
        forest = new_forest(library, tx, role, folders)
        for name, kind, stamp, number in stored:
            put(tx, name, number, kind, stamp)
    openable = [folder for folder in forest.folders if forest.visible(folder)]
    start = openable[place % len(openable)] if openable and place is not None else None
    before = expected()
    found = [row["id"] for row in walk(page)]
    assert [one for one in found if one in set(before)] == before
    assert found == [one for one in expected() if one in set(found)]


LISTINGS: list[tuple[Any, Any]] = [
    (item_queries.list_items, item_queries.ItemFilter),
    (folder_queries.list_folders, folder_queries.FolderFilter),
]


@OFTEN
@given(folders=FOLDERS, role=ROLES)
def test_foreign_folders_are_refused(library: Library, folders: Any, role: str) -> None:
    with library.database.write() as tx:
        forest = new_forest(library, tx, role, folders)
        stranger = new_forest(library, tx, "ADMIN", []).viewer
        for (ask, wanted), folder in itertools.product(LISTINGS, forest.folders):
            with pytest.raises(AuthorisationError):
                ask(stranger, tx, folder, wanted())
            if forest.visible(folder):
                ask(forest.viewer, tx, folder, wanted())
                continue
            with pytest.raises(AuthorisationError):
                ask(forest.viewer, tx, folder, wanted())


@pytest.mark.parametrize(("ask", "wanted"), LISTINGS)
def test_everyone_is_for_administrators(library: Library, ask: Any, wanted: Any) -> None:
    with library.database.write() as tx:
        forest = new_forest(library, tx, "MEMBER", [("a", None, STAMP, "")])
        forest.owner.item(tx, next(iter(forest.folders)), "b")
        stranger = new_forest(library, tx, "ADMIN", []).viewer
        assert len(ask(forest.owner.caller, tx, None, wanted(everyone=True))[0]) == 1
        assert ask(stranger, tx, None, wanted(everyone=True)) == ([], None)
        with pytest.raises(AuthorisationError):
            ask(forest.viewer, tx, None, wanted(everyone=True))


@OFTEN
@given(count=st.integers(0, 12), order=st.randoms(use_true_random=False))
def test_parts_keep_their_order(library: Library, count: int, order: Any) -> None:
    with library.database.write() as tx:
        forest = new_forest(library, tx, "ADMIN", [("a", None, STAMP, "")])
        folder = next(iter(forest.folders))
        parts = [forest.owner.item(tx, folder, "part") for _ in range(count)]
        order.shuffle(parts)
        group = item_commands.new_item(forest.viewer, folder, new_id(), "imageGroup", "group", Facts("image/jpeg", 1))
        item_commands.insert_items(tx, [group], {group["id"]: parts})
        assert [part["id"] for part in item_queries.parts(forest.viewer, tx, group["id"])] == parts
