"""Searches across a tree of folders, some of them shared: every page walk gives what a plain model gives."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corral.errors import AuthorisationError
from corral.server.identifiers import new_id
from corral.server.media.facts import Facts
from corral.server.storage import folder_queries, item_commands, item_queries
from corral.vocabulary import FoldersSortBy, StorageItemType
from tests.server.forest import KINDS, NAMES, OFTEN, PLACES, SEARCHES, STAMPS, Forest, contains, new_forest
from tests.server.listing import Library, walk

FATES = st.sampled_from(["", "given", "mirror", "given mirror"])
FOLDERS = st.lists(st.tuples(NAMES, PLACES, STAMPS, FATES), min_size=4, max_size=9)
ROLES = st.sampled_from(["ADMIN", "MEMBER"])
STAMP = "2026-01-02T00:00:00.000000Z"


@dataclass(frozen=True)
class Ask:
    """One way to ask for a listing."""

    search: str | None
    flag: bool | None
    kinds: list[StorageItemType]
    everyone: bool
    recursive: bool
    order: FoldersSortBy
    descending: bool
    page_size: int
    place: int | None

    def place_in(self, forest: Forest) -> str | None:
        """The folder to list, one that the viewer may open; None stands for all."""
        openable = [folder for folder in forest.folders if forest.visible(folder)]
        return openable[self.place % len(openable)] if openable and self.place is not None else None


KIND_LISTS: st.SearchStrategy[list[StorageItemType]] = st.just([]) | st.lists(KINDS.map(StorageItemType), max_size=2)
ASKS = st.lists(
    st.builds(Ask, search=SEARCHES, kinds=KIND_LISTS, page_size=st.integers(1, 4), place=PLACES),
    min_size=6,
    max_size=6,
)


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


def expect(found: list[str], before: list[str], after: list[str]) -> None:
    """Everything that was there before the walk came once, in order; so did what was added meanwhile, if it came."""
    assert [one for one in found if one in set(before)] == before
    assert found == [one for one in after if one in set(found)]


@OFTEN
@given(folders=FOLDERS, later=st.lists(st.tuples(NAMES, PLACES, STAMPS, FATES), max_size=3), role=ROLES, asks=ASKS)
def test_folders(library: Library, folders: Any, later: Any, role: str, asks: Any) -> None:
    with library.database.write() as tx:
        forest = new_forest(library, tx, role, folders)
    for ask in asks:
        wanted = folder_queries.FolderFilter(
            search=ask.search, dataset_synced=ask.flag, everyone=ask.everyone and role == "ADMIN",
            recursive=ask.recursive, order=ask.order, descending=ask.descending, page_size=ask.page_size,
        )  # fmt: skip
        parent, waiting = ask.place_in(forest), list(later)
        before = folders_of(forest, parent, wanted)

        def page(token: str | None, parent: Any = parent, wanted: Any = wanted, waiting: Any = waiting) -> Any:
            if waiting and token is not None:  # somebody makes folders while we turn the pages
                with library.database.write() as tx:
                    forest.grow(tx, *waiting.pop())
            with library.database.read() as tx:
                return folder_queries.list_folders(forest.viewer, tx, parent, replace(wanted, page_token=token))

        found = [row["id"] for row in walk(page)]
        expect(found, before, folders_of(forest, parent, wanted))


def items_of(forest: Forest, start: str | None, wanted: item_queries.ItemFilter) -> list[str]:
    """The model: which of the items a listing is to give, in order."""
    key = key_of(wanted.order)

    def fits(item: dict[str, Any]) -> bool:
        folder = item["folder_id"]
        if start is None:
            here = wanted.everyone or forest.granted(folder)
        else:
            here = start in forest.above(folder) if wanted.recursive else folder == start
        kinds = [kind.value for kind in wanted.item_types]
        return here and contains(wanted.search, item["name"]) and (not kinds or item["item_type"] in kinds)

    found = [(item[key], one) for one, item in forest.owner.made.items() if fits(item)]
    return [one for _, one in sorted(found, reverse=wanted.descending)]


@OFTEN
@given(
    folders=FOLDERS, stored=st.lists(st.tuples(NAMES, KINDS, STAMPS, PLACES), min_size=4, max_size=12),
    later=st.lists(st.tuples(NAMES, KINDS, STAMPS, PLACES), max_size=3), role=ROLES, asks=ASKS,
)  # fmt: skip
def test_items(library: Library, folders: Any, stored: Any, later: Any, role: str, asks: Any) -> None:
    def put(tx: Any, name: str, kind: str, stamp: str, place: int | None) -> None:
        forest.owner.item(tx, list(forest.folders)[(place or 0) % len(folders)], name, kind, stamp)

    with library.database.write() as tx:
        forest = new_forest(library, tx, role, folders)
        for one in stored:
            put(tx, *one)
    for ask in asks:
        wanted = item_queries.ItemFilter(
            search=ask.search, item_types=ask.kinds, everyone=ask.everyone and role == "ADMIN",
            recursive=ask.recursive, order=ask.order, descending=ask.descending, page_size=ask.page_size,
        )  # fmt: skip
        start, waiting = ask.place_in(forest), list(later)
        before = items_of(forest, start, wanted)

        def page(token: str | None, start: Any = start, wanted: Any = wanted, waiting: Any = waiting) -> Any:
            with library.database.write() as tx:
                if waiting and token is not None:
                    put(tx, *waiting.pop())
                return item_queries.list_items(forest.viewer, tx, start, replace(wanted, page_token=token))

        found = [row["id"] for row in walk(page)]
        expect(found, before, items_of(forest, start, wanted))


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
