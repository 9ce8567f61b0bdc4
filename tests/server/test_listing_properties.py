"""Whatever is stored and however it is asked for: listings give what a plain model gives, each row once, in order."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corral.server.datasets import queries as dataset_queries
from corral.server.datasets import rows
from corral.server.storage import folder_queries, item_queries
from corral.vocabulary import FoldersSortBy, StorageItemType
from tests.server.listing import Library, names, walk

# Few letters, so that names collide; and every character that means something to LIKE, SQL or JSON.
NAMES = st.text(alphabet="aAbÄäß%_\\'\" .ж", min_size=1, max_size=4)
KINDS = st.sampled_from(["image", "video", "audio"])
STAMPS = st.sampled_from([f"2026-01-0{day}T00:00:00.000000Z" for day in (1, 2, 3)])
ITEMS = st.lists(st.tuples(NAMES, KINDS, STAMPS, st.booleans()), max_size=14)
OFTEN = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def like(pattern: str, text: str) -> bool:
    """SQL LIKE without an escape sign, ignoring case."""
    translated = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern.lower())
    return re.fullmatch(translated, text.lower(), re.DOTALL) is not None


@OFTEN
@given(
    stored=ITEMS,
    later=st.lists(NAMES, max_size=3),
    search=st.none() | NAMES,
    kinds=st.lists(KINDS, max_size=2),
    in_dataset=st.none() | st.booleans(),
    order=st.sampled_from(list(FoldersSortBy)),
    descending=st.booleans(),
    page_size=st.integers(1, 5),
)
def test_items(library: Library, stored: Any, later: Any, search: Any, kinds: Any, in_dataset: Any, order: Any,
               descending: bool, page_size: int) -> None:  # fmt: skip
    with library.database.write() as tx:
        folder = library.folder(tx)
        ids = [library.item(tx, folder, name, kind, stamp) for name, kind, stamp, _ in stored]
        library.dataset(tx, "d", [one for one, (*_, linked) in zip(ids, stored, strict=True) if linked])
    waiting = list(later)

    def page(token: str | None) -> Any:
        with library.database.write() as tx:
            if waiting and token is not None:  # somebody adds items while we turn the pages
                library.item(tx, folder, waiting.pop())
            wanted = item_queries.ItemFilter(
                search=search, in_dataset=in_dataset, item_types=[StorageItemType(kind) for kind in kinds],
                order=order, descending=descending, page_token=token, page_size=page_size,
            )  # fmt: skip
            return item_queries.list_items(library.caller, tx, folder, wanted)

    key = "name" if order is FoldersSortBy.NAME else "created_at"
    expected = [
        (library.made[one][key], one)
        for one, (name, kind, _, linked) in zip(ids, stored, strict=True)
        if (search is None or search.lower() in name.lower())
        and (not kinds or kind in kinds)
        and (in_dataset is None or in_dataset is linked)
    ]
    found = [(row[key], row["id"]) for row in walk(page)]
    assert len(found) == len(set(found))
    assert found == sorted(found, reverse=descending)
    assert [one for one in found if one[1] in set(ids)] == sorted(expected, reverse=descending)


@OFTEN
@given(
    tree=st.lists(st.tuples(NAMES, st.integers(0, 5)), min_size=1, max_size=10),
    search=st.none() | NAMES,
    recursive=st.booleans(),
    page_size=st.integers(1, 4),
)
def test_folders(library: Library, tree: Any, search: Any, recursive: bool, page_size: int) -> None:
    above: list[tuple[str, str]] = []  # (folder, its parent)
    with library.database.write() as tx:
        root = library.folder(tx, name="root")
        made = [root]
        for name, parent in tree:
            made.append(library.folder(tx, made[parent % len(made)], name))
            above.append((made[-1], made[parent % (len(made) - 1)]))

    def page(token: str | None) -> Any:
        wanted = folder_queries.FolderFilter(search=search, recursive=recursive, page_token=token, page_size=page_size)
        with library.database.read() as tx:
            return folder_queries.list_folders(library.caller, tx, root, wanted)

    expected = sorted(
        (name, one)
        for (one, parent), (name, _) in zip(above, tree, strict=True)
        if (recursive or parent == root) and (search is None or search.lower() in name.lower())
    )
    assert [(row["name"], row["id"]) for row in walk(page)] == expected


@OFTEN
@given(
    stored=ITEMS,
    title_eq=st.none() | NAMES,
    title_like=st.none() | st.text(alphabet="aÄb%_", max_size=3),
    kinds=st.none() | st.lists(KINDS, max_size=2),
)
def test_data_rows(library: Library, stored: Any, title_eq: Any, title_like: Any, kinds: Any) -> None:
    with library.database.write() as tx:
        folder = library.folder(tx)
        ids = [library.item(tx, folder, name, kind) for name, kind, *_ in stored]
        dataset = library.dataset(tx, "d", ids)
    wanted = rows.RowFilter(
        title_eq=title_eq,
        title_like=title_like,
        data_types=None if kinds is None else [StorageItemType(kind).data_type for kind in kinds],
    )
    expected = [
        name
        for name, kind, *_ in stored
        if (title_eq is None or name == title_eq)
        and (title_like is None or like(title_like, name))
        and (kinds is None or kind in kinds)
    ]
    found = b"".join(rows.rows_json(library.database, dataset, wanted, with_metadata=False))
    assert names(found) == expected


@OFTEN
@given(
    titles=st.lists(NAMES, max_size=6), title_eq=st.none() | NAMES, title_like=st.none() | st.text("aÄb%_", max_size=3)
)
def test_datasets(library: Library, titles: Any, title_eq: Any, title_like: Any) -> None:
    with library.database.write() as tx:
        made = [library.dataset(tx, title, []) for title in titles]
    wanted = dataset_queries.DatasetFilter(title_eq=title_eq, title_like=title_like)
    with library.database.read() as tx:
        found = [row["id"] for row in dataset_queries.list_datasets(library.caller, tx, wanted)]
    expected = [
        one
        for one, title in zip(made, titles, strict=True)
        if (title_eq is None or title == title_eq) and (title_like is None or like(title_like, title))
    ]
    assert [one for one in found if one in set(made)] == expected[::-1]
