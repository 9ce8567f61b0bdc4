"""Finds units whose URLs a folder has already, with one query for many units."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from corral.server import clock
from corral.server.database import Transaction, is_sqlite
from corral.server.ingest.probing import is_composite
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.statements import Statement
from corral.server.storage.item_commands import url_key

# A single file is a duplicate of an item with its URL; parts of composites do not count.
_SINGLES = Statement(
    "SELECT url_key, url, MIN(id) AS id FROM item WHERE folder_id = :folder_id AND url_key IN :keys[]"
    " AND NOT is_frame GROUP BY url_key, url"
)
# A group or series is a duplicate of one that has exactly its URLs.
_PARENTS = Statement(
    "SELECT c.parent_id, i.url, (SELECT COUNT(*) FROM item_child a WHERE a.parent_id = c.parent_id) AS parts"
    " FROM item i JOIN item_child c ON c.child_id = i.id JOIN item p ON p.id = c.parent_id"
    " WHERE i.folder_id = :folder_id AND i.url_key IN :keys[] AND p.folder_id = :folder_id"
)
_LOCK = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:folder_id, 0))")
_SET_METADATA = Statement("UPDATE item SET client_metadata = :metadata, last_edited_at = :now WHERE id = :id")


def find(tx: Transaction, folder_id: str, units: Sequence[UnitSpec]) -> list[str | None]:
    """For each unit the item of the folder that it repeats, None where it is new."""
    singles = [unit for unit in units if not is_composite(unit)]
    keys = [url_key(unit.files[0].url) for unit in singles]
    found: dict[str, str] = {}
    if keys:
        found = {row["url"]: row["id"] for row in _SINGLES.rows(tx, {"folder_id": folder_id, "keys": keys})}
    groups = _groups(tx, folder_id, [unit for unit in units if is_composite(unit)])
    return [groups.get(frozenset(unit.urls)) if is_composite(unit) else found.get(unit.files[0].url) for unit in units]


def lock(tx: Transaction, folder_id: str) -> None:
    """From here to the end of the transaction nobody else adds to the folder what they did not find in it.

    On SQLite there is one writer anyway.
    """
    if not is_sqlite(tx):
        _LOCK.run(tx, {"folder_id": folder_id})


def _groups(tx: Transaction, folder_id: str, units: Sequence[UnitSpec]) -> dict[frozenset[str], str]:
    keys = list({url_key(url) for unit in units for url in unit.urls})
    urls: dict[str, set[str]] = {}
    sizes: dict[str, int] = {}
    for row in _PARENTS.rows(tx, {"folder_id": folder_id, "keys": keys}) if keys else []:
        urls.setdefault(row["parent_id"], set()).add(row["url"])
        sizes[row["parent_id"]] = row["parts"]
    return {frozenset(found): parent for parent, found in urls.items() if len(found) == sizes[parent]}


def upsert_metadata(tx: Transaction, repeated: Sequence[tuple[str, UnitSpec]]) -> None:
    """Replace the client metadata of items by that of the units that repeat them, where those have any."""
    now = clock.now()
    rows = [
        {"id": item_id, "metadata": orjson.dumps(unit.client_metadata).decode(), "now": now}
        for item_id, unit in repeated
        if unit.client_metadata
    ]
    _SET_METADATA.run_many(tx, rows)
