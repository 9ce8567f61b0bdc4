"""Changes items: create them from facts, update, move and delete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from corral.errors import AuthorisationError, InvalidArgumentsError, OperationNotAllowed
from corral.server import clock
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.audit import record
from corral.server.database import Transaction
from corral.server.identifiers import as_id, new_id
from corral.server.media.facts import Facts
from corral.server.statements import Statement
from corral.server.storage import folder_queries, item_queries, removal

_TOUCH = Statement("UPDATE dataset SET last_edited_at = :now WHERE id = :id")
_ROW = Statement("INSERT INTO data_row (id, dataset_id, item_id, created_at) VALUES (:id, :dataset_id, :item_id, :now)")
_CHILD = Statement("INSERT INTO item_child (parent_id, position, child_id) VALUES (:parent, :position, :child)")
_IDS = sa.bindparam("ids", expanding=True, type_=sa.String)


_LONGEST_URL_KEY = 400


def new_item(
    caller: Caller, folder_id: str, item_id: str, item_type: str, name: str, facts: Facts, **columns: Any
) -> dict[str, Any]:
    """The row of an item that does not exist yet; `columns` gives the rest (object_key, url, is_frame ...)."""
    now = clock.now()
    return {
        "id": item_id,
        "organisation_id": caller.organisation_id,
        "folder_id": folder_id,
        "item_type": item_type,
        "name": name,
        "client_metadata": "{}",
        "owner_id": caller.user_id,
        "created_at": now,
        "last_edited_at": now,
        "storage_location": "encord",
        "object_key": None,
        "url": None,
        "url_key": None,
        "integration_id": None,
        "synced_by": None,
        "is_frame": False,
        "timeseries_settings": None,
        **{name: getattr(facts, name) for name in _FACT_COLUMNS},
        "extra_facts": json.dumps(facts.extra),
        **columns,
    }


_FACT_COLUMNS = (
    "etag",
    "file_size",
    "mime_type",
    "duration",
    "fps",
    "width",
    "height",
    "frame_count",
    "page_count",
    "dicom_instance_uid",
    "dicom_study_uid",
    "dicom_series_uid",
    "audio_sample_rate",
    "audio_bit_depth",
    "audio_codec",
    "audio_num_channels",
)


_COLUMNS = (
    *("id", "organisation_id", "folder_id", "item_type", "name", "client_metadata", "owner_id", "created_at"),
    *("last_edited_at", "storage_location", "object_key", "url", "is_frame", "timeseries_settings", "extra_facts"),
    *("url_key", "integration_id", "synced_by"),
    *_FACT_COLUMNS,
)
_INSERT = Statement(
    f"INSERT INTO item ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{column}' for column in _COLUMNS)})"
)


def url_key(url: str) -> str:
    """What a URL is looked up by: itself, or for a long one its beginning and a digest.

    Not a digest alone: the URLs of a job are mostly in order, and an index that is filled in order stays fast.
    """
    if len(url) <= _LONGEST_URL_KEY:
        return url
    return url[: _LONGEST_URL_KEY - 32] + hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def insert_items(tx: Transaction, items: Sequence[Mapping[str, Any]], parts: Mapping[str, Sequence[str]]) -> None:
    """Store new items, and the parts of new composites (composite id → part ids in order)."""
    _INSERT.run_many(tx, items)
    links = [
        {"parent": parent, "position": position, "child": child}
        for parent, children in parts.items()
        for position, child in enumerate(children)
    ]
    _CHILD.run_many(tx, links)


def replace_facts(tx: Transaction, changed: Sequence[tuple[str, Facts]], *, synced_by: str | None) -> None:
    """Bring items up to date whose objects have other bytes now."""
    now = clock.now()
    rows = [
        {
            "id": item_id,
            "now": now,
            "synced_by": synced_by,
            "extra_facts": json.dumps(facts.extra),
            "gone": False,
            **{name: getattr(facts, name) for name in _FACT_COLUMNS},
        }
        for item_id, facts in changed
    ]
    _REPLACE.run_many(tx, rows)


_REPLACE = Statement(
    "UPDATE item SET last_edited_at = :now, synced_by = :synced_by, extra_facts = :extra_facts, is_tombstone = :gone,"
    f" {', '.join(f'{name} = :{name}' for name in _FACT_COLUMNS)} WHERE id = :id"
)


def mirror_into(tx: Transaction, folder_id: str, item_ids: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """Make data rows for new items of a mirror folder; returns its dataset and data hashes by item id."""
    dataset_id = mirrored_dataset(tx, folder_id)
    if dataset_id is None or not item_ids:
        return dataset_id, {}
    now = clock.now()
    rows = [{"id": new_id(), "dataset_id": dataset_id, "item_id": item_id, "now": now} for item_id in item_ids]
    _ROW.run_many(tx, rows)
    _TOUCH.run(tx, {"now": now, "id": dataset_id})
    return dataset_id, {str(row["item_id"]): str(row["id"]) for row in rows}


def mirrored_dataset(tx: Transaction, folder_id: str) -> str | None:
    """The dataset that this folder is kept in step with, if any."""
    found = _MIRROR.first(tx, {"folder_id": folder_id})
    return None if found is None else str(found["id"])


_MIRROR = Statement("SELECT id FROM dataset WHERE backing_folder_id = :folder_id")


def update_item(caller: Caller, tx: Transaction, item_id: str, changes: Mapping[str, str | None]) -> str:
    """Set `name`, `description`, `client_metadata` or `timeseries_settings` (JSON text); returns the item's id.

    Raises AuthorisationError unless the caller administers the item's folder.
    """
    item = item_queries.get_item(caller, tx, item_id)
    _require_admin(caller, tx, item["folder_id"])
    if "timeseries_settings" in changes and item["item_type"] != "timeseries":
        raise InvalidArgumentsError("Only time series have time series settings.")
    if changes:
        columns = ", ".join(f"{column} = :{column}" for column in changes)
        tx.execute(
            sa.text(f"UPDATE item SET {columns}, last_edited_at = :now WHERE id = :id"),
            {**changes, "now": clock.now(), "id": item["id"]},
        )
    return str(item["id"])


def move_items(
    caller: Caller, tx: Transaction, folder_id: str, target_id: str, item_ids: Sequence[str], *, leave_mirror: bool
) -> None:
    """Move items that lie directly in a folder to another one; parts that lie beside them come along.

    Leaving a mirror folder takes the items out of its dataset, which `leave_mirror` must allow; entering one puts
    them into its dataset. Raises AuthorisationError, InvalidArgumentsError, OperationNotAllowed.
    """
    folder_id = folder_queries.require_role(caller, tx, folder_id, admin=True)
    target_id = folder_queries.require_role(caller, tx, target_id, admin=True)
    ids = item_queries.require_in_folder(tx, folder_id, item_ids)
    if folder_id == target_id or not ids:
        return
    left, entered = mirrored_dataset(tx, folder_id), mirrored_dataset(tx, target_id)
    if left is not None:
        _leave_mirror(tx, left, ids, allowed=leave_mirror)
    values = {"target": target_id, "folder": folder_id, "now": clock.now()}
    mains = []
    for start in range(0, len(ids), 500):
        batch = ids[start : start + 500]
        mains += _composites_and_singles(tx, batch)
        tx.execute(_MOVE_PARTS, {**values, "ids": batch})
        tx.execute(_MOVE, {**values, "ids": batch})
    if entered is not None:
        present = {str(row[0]) for row in tx.execute(_PRESENT, {"dataset_id": entered})}
        mirror_into(tx, target_id, [item_id for item_id in mains if item_id not in present])


_MOVE = sa.text("UPDATE item SET folder_id = :target, last_edited_at = :now WHERE id IN :ids").bindparams(_IDS)
_MOVE_PARTS = sa.text(
    "UPDATE item SET folder_id = :target WHERE folder_id = :folder AND is_frame"
    " AND id IN (SELECT child_id FROM item_child WHERE parent_id IN :ids)"
).bindparams(_IDS)
_PRESENT = sa.text("SELECT item_id FROM data_row WHERE dataset_id = :dataset_id")


def _composites_and_singles(tx: Transaction, ids: list[str]) -> list[str]:
    query = sa.text("SELECT id FROM item WHERE id IN :ids AND NOT is_frame ORDER BY id").bindparams(_IDS)
    return [str(row[0]) for row in tx.execute(query, {"ids": ids})]


def _leave_mirror(tx: Transaction, dataset_id: str, ids: list[str], *, allowed: bool) -> None:
    query = "data_row WHERE dataset_id = :dataset_id AND item_id IN :ids"
    for start in range(0, len(ids), 500):
        values = {"dataset_id": dataset_id, "ids": ids[start : start + 500]}
        if not allowed and tx.execute(sa.text(f"SELECT 1 FROM {query} LIMIT 1").bindparams(_IDS), values).scalar():
            raise OperationNotAllowed(
                "Moving these items would take them out of the dataset that mirrors this folder."
                " Pass allow_mirror_dataset_changes=True if that is meant."
            )
        tx.execute(sa.text(f"DELETE FROM {query}").bindparams(_IDS), values)


def delete_items(caller: Caller, tx: Transaction, folder_id: str, item_ids: Sequence[str], *, with_parts: bool) -> int:
    """Delete items that lie directly in a folder, from every dataset too; returns how many went.

    Raises AuthorisationError, InvalidArgumentsError, OperationNotAllowed (see removal.remove_items).
    """
    folder_id = folder_queries.require_role(caller, tx, folder_id, admin=True)
    ids = item_queries.require_in_folder(tx, folder_id, item_ids)
    removed = removal.remove_items(caller, tx, ids, with_parts=with_parts)
    for item_id in ids[:1000]:
        record(tx, caller.organisation_id, caller.user_id, "item.delete", item_id)
    return removed


def _require_admin(caller: Caller, tx: Transaction, folder_id: str) -> None:
    role = tx.execute(
        sa.text(f"SELECT {rights.folder_role(':folder_id')}"), {**caller.scope, "folder_id": as_id(folder_id)}
    )
    if role.scalar() != "admin":
        raise AuthorisationError("You may look at this item but not change it. The administrator of its folder may.")
