"""Removes items with all that hangs on them, and the objects that nothing needs any more."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from corral.errors import AuthorisationError, OperationNotAllowed
from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Database, Transaction
from corral.server.stores.port import Store

_BATCH = 500
_IDS = sa.bindparam("ids", expanding=True, type_=sa.String)
_FOREIGN_ROWS = sa.text(
    "SELECT d.title FROM data_row r JOIN dataset d ON d.id = r.dataset_id WHERE r.item_id IN :ids"
    " AND NOT (:is_admin OR EXISTS (SELECT 1 FROM dataset_grant g WHERE g.dataset_id = r.dataset_id"
    " AND g.user_id = :user_id AND g.role = 'admin')) LIMIT 1"
).bindparams(_IDS)
_PARENTS = sa.text(
    "SELECT c.parent_id, p.name FROM item_child c JOIN item p ON p.id = c.parent_id WHERE c.child_id IN :ids"
).bindparams(_IDS)
_LONELY_PARTS = sa.text(
    "SELECT DISTINCT c.child_id FROM item_child c WHERE c.parent_id IN :ids"
    " AND NOT EXISTS (SELECT 1 FROM data_row r WHERE r.item_id = c.child_id)"
).bindparams(_IDS)
_DOOM = sa.text(
    "INSERT INTO doomed_object (object_key, created_at) SELECT DISTINCT i.object_key, :now FROM item i"
    " WHERE i.id IN :ids AND i.object_key IS NOT NULL ON CONFLICT DO NOTHING"
).bindparams(_IDS)
_DOOM_SLOTS = sa.text(
    "INSERT INTO doomed_object (object_key, created_at) SELECT object_key, :now FROM upload_slot"
    " WHERE folder_id IN :ids ON CONFLICT DO NOTHING"
).bindparams(_IDS)


def remove_items(caller: Caller, tx: Transaction, item_ids: Sequence[str], *, with_parts: bool = True) -> int:
    """Delete items, their data rows in every dataset, and (with `with_parts`) the parts nobody else uses.

    Returns how many items went. Raises AuthorisationError when a dataset of somebody else holds one of them,
    OperationNotAllowed when one is a part of a group or series that stays.
    """
    doomed = list(dict.fromkeys(item_ids))
    if with_parts:
        doomed += _unused_parts(tx, doomed)
    chosen = set(doomed)
    for batch in _batches(doomed):
        _refuse_foreign_rows(caller, tx, batch)
        for parent_id, name in tx.execute(_PARENTS, {"ids": batch}):
            if parent_id not in chosen:
                raise OperationNotAllowed(f"An item is a part of {name!r}. Delete that first, or together with it.")
    for batch in _batches(doomed):
        tx.execute(sa.text("DELETE FROM data_row WHERE item_id IN :ids").bindparams(_IDS), {"ids": batch})
        tx.execute(sa.text("DELETE FROM item_child WHERE parent_id IN :ids").bindparams(_IDS), {"ids": batch})
        tx.execute(_DOOM, {"ids": batch, "now": clock.now()})
    for batch in _batches(doomed):
        tx.execute(sa.text("DELETE FROM item WHERE id IN :ids").bindparams(_IDS), {"ids": batch})
    return len(doomed)


def _unused_parts(tx: Transaction, item_ids: list[str]) -> list[str]:
    chosen = set(item_ids)
    parts = [
        str(row[0])
        for batch in _batches(item_ids)
        for row in tx.execute(_LONELY_PARTS, {"ids": batch})
        if row[0] not in chosen
    ]
    parts = list(dict.fromkeys(parts))
    needed = {
        str(row[0])
        for batch in _batches(parts)
        for row in tx.execute(
            sa.text("SELECT child_id, parent_id FROM item_child WHERE child_id IN :ids").bindparams(_IDS),
            {"ids": batch},
        )
        if row[1] not in chosen
    }
    return [part for part in parts if part not in needed]


def _refuse_foreign_rows(caller: Caller, tx: Transaction, item_ids: list[str]) -> None:
    title = tx.execute(_FOREIGN_ROWS, {**caller.scope, "ids": item_ids}).scalar()
    if title is not None:
        raise AuthorisationError("An item is used in a dataset that you do not administer; unlink it there first.")


def doom_slots(tx: Transaction, folder_ids: Sequence[str]) -> None:
    """Give up the upload slots of folders that go away."""
    for batch in _batches(list(folder_ids)):
        tx.execute(_DOOM_SLOTS, {"ids": batch, "now": clock.now()})
        tx.execute(sa.text("DELETE FROM upload_slot WHERE folder_id IN :ids").bindparams(_IDS), {"ids": batch})


def delete_doomed_objects(database: Database, store: Store) -> int:
    """Delete from the store what no item uses; safe to run at any time and again after a crash."""
    deleted = 0
    while True:
        with database.read() as tx:
            query = "SELECT object_key FROM doomed_object ORDER BY object_key LIMIT 500"
            keys = [str(row[0]) for row in tx.execute(sa.text(query))]
        if not keys:
            return deleted
        for key in keys:
            store.delete(key)
        with database.write() as tx:
            tx.execute(sa.text("DELETE FROM doomed_object WHERE object_key IN :ids").bindparams(_IDS), {"ids": keys})
        deleted += len(keys)


def doom_expired_slots(tx: Transaction) -> int:
    """Give up upload slots that were never used in time; returns how many."""
    expired = (
        "expires_at < :deadline AND (job_id IS NULL OR job_id NOT IN (SELECT id FROM job WHERE status = 'PENDING'))"
    )
    values = {"now": clock.now(), "deadline": clock.now()}
    tx.execute(
        sa.text(
            "INSERT INTO doomed_object (object_key, created_at) SELECT object_key, :now FROM upload_slot"
            f" WHERE {expired} ON CONFLICT DO NOTHING"
        ),
        values,
    )
    return tx.execute(sa.text(f"DELETE FROM upload_slot WHERE {expired}"), {"deadline": values["deadline"]}).rowcount


def _batches(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
