"""Datasets, their rows and their gallery: every filter and every page walk gives what a plain model gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from corral.server import clock, paging
from corral.server.access import users
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.datasets import commands, gallery, rows
from corral.server.datasets.queries import DatasetFilter, list_datasets
from corral.server.identifiers import new_id
from tests.server.forest import NAMES, OFTEN, SEARCHES, STAMPS, contains, new_caller
from tests.server.listing import Library
from tests.server.test_listing_properties import like

PATTERNS = st.none() | st.sampled_from(["%", "a%", "%Ä", "_", "__", "%a_%", "%%", "", "a", "%ж%"])
BOUNDS = st.none() | STAMPS
TITLES = st.lists(NAMES, max_size=9)


def new_owner(library: Library, tx: Transaction) -> Library:
    """The same database as an administrator of a new organisation sees it."""
    return Library(library.database, new_caller(tx, users.create_organisation(tx, "o"), "ADMIN"))


def between(stamp: str, after: str | None, before: str | None) -> bool:
    """`after` includes its own moment, `before` does not."""
    return (after is None or stamp >= after) and (before is None or stamp < before)


FILTERS = st.builds(
    DatasetFilter, title_eq=st.none() | NAMES, title_like=PATTERNS, description_eq=st.none() | NAMES,
    description_like=PATTERNS, created_before=BOUNDS, created_after=BOUNDS, edited_before=BOUNDS, edited_after=BOUNDS,
    everyone=st.booleans(),
)  # fmt: skip
# Filters with all conditions at once let nothing through; these have up to two.
ONE_OR_TWO = st.tuples(FILTERS, st.sets(st.sampled_from([field.name for field in fields(DatasetFilter)]), max_size=2))


@OFTEN
@given(
    stored=st.lists(st.tuples(NAMES, NAMES, STAMPS, STAMPS, st.booleans()), min_size=3, max_size=9),
    role=st.sampled_from(["ADMIN", "MEMBER"]), asks=st.lists(ONE_OR_TWO, min_size=8, max_size=8),
)  # fmt: skip
def test_dataset_filters(library: Library, stored: Any, role: str, asks: Any) -> None:
    columns = ("title", "description", "created_at", "last_edited_at", "given")
    made = {}
    with library.database.write() as tx:
        owner = new_owner(library, tx)
        viewer = new_caller(tx, owner.caller.organisation_id, role)
        for values in stored:
            dataset = dict(zip(columns, values, strict=True))
            made[store(owner, tx, viewer, dataset)] = dataset
        for ask, used in asks:
            wanted = DatasetFilter(**{name: getattr(ask, name) for name in used})
            found = [row["id"] for row in list_datasets(viewer, tx, wanted)]
            expected = [(one["created_at"], id_) for id_, one in made.items() if fits(one, viewer, wanted)]
            assert found == [id_ for _, id_ in sorted(expected, reverse=True)]


def fits(dataset: dict[str, Any], viewer: Caller, wanted: DatasetFilter) -> bool:
    """The model of the listing."""
    return (
        (dataset["given"] or (wanted.everyone and viewer.is_admin))
        and wanted.title_eq in (None, dataset["title"])
        and (wanted.title_like is None or like(wanted.title_like, dataset["title"]))
        and wanted.description_eq in (None, dataset["description"])
        and (wanted.description_like is None or like(wanted.description_like, dataset["description"]))
        and between(dataset["created_at"], wanted.created_after, wanted.created_before)
        and between(dataset["last_edited_at"], wanted.edited_after, wanted.edited_before)
    )


def store(owner: Library, tx: Transaction, viewer: Caller, dataset: dict[str, Any]) -> str:
    """A dataset with these values, given to the viewer or not; returns its id."""
    made = owner.dataset(tx, dataset["title"], [])
    tx.execute(
        sa.text(
            "UPDATE dataset SET description = :description, created_at = :created_at, last_edited_at = :last_edited_at"
            " WHERE id = :id"
        ),
        {**dataset, "id": made},
    )
    if dataset["given"]:
        query = sa.text("INSERT INTO dataset_grant (user_id, dataset_id, role) VALUES (:user, :id, 'user')")
        tx.execute(query, {"user": viewer.user_id, "id": made})
    return made


@OFTEN
@given(
    stored=st.lists(st.tuples(NAMES, STAMPS), max_size=9), created=st.tuples(BOUNDS, BOUNDS),
    picked=st.none() | st.sets(st.integers(0, 11), max_size=5), chunk=st.integers(1, 4), removing=st.booleans(),
)  # fmt: skip
def test_rows_in_chunks(library: Library, monkeypatch: pytest.MonkeyPatch, stored: Any, created: Any, picked: Any,
                        chunk: int, removing: bool) -> None:  # fmt: skip
    monkeypatch.setattr(rows, "CHUNK", chunk)
    with library.database.write() as tx:
        owner = new_owner(library, tx)
        folder = owner.folder(tx)
        dataset = owner.dataset(tx, "d", [owner.item(tx, folder, name) for name, _ in stored])
        hashes = stamp_rows(tx, dataset, [stamp for _, stamp in stored])
    known = [*hashes, new_id(), "", "%"]
    wanted = rows.RowFilter(
        created_after=created[0], created_before=created[1],
        data_hashes=None if picked is None else [known[number % len(known)] for number in picked],
    )  # fmt: skip
    pieces = b""
    for piece in rows.rows_json(library.database, dataset, wanted, with_metadata=True):
        pieces += piece
        with library.database.write() as tx:  # rows come and go while the client reads
            seen = json.loads(pieces.rstrip(b"]") + b"]")
            assert len(seen) <= 12, "rows came twice"
            if removing and seen:
                tx.execute(sa.text("DELETE FROM data_row WHERE id = :id"), {"id": seen[-1]["data_hash"]})
            if len(seen) < 12:
                row = {"id": new_id(), "dataset_id": dataset, "item_id": owner.item(tx, folder, "later")}
                commands.add_rows(tx, dataset, [{**row, "now": clock.now()}])
    expected = [
        (one, name)
        for one, (name, stamp) in zip(hashes, stored, strict=True)
        if between(stamp, *created) and (wanted.data_hashes is None or one in wanted.data_hashes)
    ]
    found = [(row["data_hash"], row["data_title"]) for row in json.loads(pieces)]
    assert [row for row in found if row[0] in hashes] == expected
    assert found == sorted(set(found))


def stamp_rows(tx: Transaction, dataset: str, stamps: Sequence[str]) -> list[str]:
    """Set when the rows of a dataset were made; returns their hashes."""
    query = sa.text("SELECT id FROM data_row WHERE dataset_id = :id ORDER BY id")
    hashes = [str(one) for one in tx.execute(query, {"id": dataset}).scalars()]
    for one, stamp in zip(hashes, stamps, strict=True):
        tx.execute(sa.text("UPDATE data_row SET created_at = :stamp WHERE id = :id"), {"stamp": stamp, "id": one})
    return hashes


@OFTEN
@given(titles=TITLES, later=TITLES, search=SEARCHES, limit=st.integers(1, 4))
def test_gallery_of_datasets(library: Library, titles: Any, later: Any, search: Any, limit: int) -> None:
    with library.database.write() as tx:
        owner = new_owner(library, tx)
        made = [(owner.dataset(tx, title, []), title) for title in titles]
    pattern, after, waiting = paging.contains(search) if search else None, None, list(later)
    found: list[str] = []
    while True:
        with library.database.write() as tx:
            page = gallery.datasets(owner.caller, tx, search=pattern, after=after, limit=limit)
            if waiting:
                owner.dataset(tx, waiting.pop(), [])
        found += [row["id"] for row in page]
        assert len(found) <= len(made)
        if len(page) < limit:
            break
        after = page[-1]["id"]
    assert found == [one for one, title in reversed(made) if contains(search, title)]


@OFTEN
@given(names=TITLES, search=SEARCHES, limit=st.integers(1, 4))
def test_gallery_of_rows(library: Library, names: Any, search: Any, limit: int) -> None:
    with library.database.write() as tx:
        owner = new_owner(library, tx)
        folder = owner.folder(tx)
        items = [(owner.item(tx, folder, name), name) for name in names]
        dataset = owner.dataset(tx, "d", [item for item, _ in items])
        owner.dataset(tx, "another", [item for item, _ in items])
    pattern, after = paging.contains(search) if search else None, ""
    found: list[str] = []
    while True:
        with library.database.read() as tx:
            page = gallery.rows(tx, dataset, search=pattern, after=after, limit=limit)
        found += [row["item_id"] for row in page]
        assert len(found) <= len(items)
        if len(page) < limit:
            break
        after = page[-1]["data_hash"]
    assert found == [item for item, name in items if contains(search, name)]
