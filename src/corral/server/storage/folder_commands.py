"""Changes folders: create, update, move, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from corral.errors import InvalidArgumentsError, OperationNotAllowed
from corral.server import clock
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.audit import record
from corral.server.database import Transaction
from corral.server.identifiers import as_id, new_id
from corral.server.storage import folder_queries, removal

MAX_DEPTH = 64

_INSERT = sa.text(
    "INSERT INTO folder (id, organisation_id, parent_id, name, description, client_metadata, owner_id, folder_type,"
    " integration_id, remote_url, created_at, last_edited_at) VALUES (:id, :organisation_id, :parent_id, :name,"
    " :description, :client_metadata, :user_id, :folder_type, :integration_id, :remote_url, :now, :now)"
)
_LINK_SELF = sa.text("INSERT INTO folder_ancestor (folder_id, ancestor_id, depth) VALUES (:id, :id, 0)")
_LINK_ABOVE = sa.text(
    "INSERT INTO folder_ancestor (folder_id, ancestor_id, depth)"
    " SELECT below.folder_id, above.ancestor_id, above.depth + below.depth + 1"
    " FROM folder_ancestor above, folder_ancestor below"
    " WHERE above.folder_id = :parent_id AND below.ancestor_id = :id"
)
_CUT_ABOVE = sa.text(
    "DELETE FROM folder_ancestor WHERE folder_id IN"
    " (SELECT b.folder_id FROM folder_ancestor b WHERE b.ancestor_id = :id)"
    " AND ancestor_id NOT IN (SELECT b.folder_id FROM folder_ancestor b WHERE b.ancestor_id = :id)"
)
_GRANT = sa.text(
    "INSERT INTO folder_grant (user_id, folder_id, via_dataset, role)"
    " VALUES (:user_id, :folder_id, :via_dataset, :role) ON CONFLICT DO NOTHING"
)


def create_folder(
    caller: Caller,
    tx: Transaction,
    name: str,
    *,
    description: str = "",
    client_metadata: str = "{}",
    parent_id: str | None = None,
    synced_with: tuple[str, str] | None = None,
) -> str:
    """Make a folder, with its creator as administrator, and return its id.

    `synced_with` (integration id, URL) makes it a cloud-synced folder; the caller's right to use the integration has
    been checked.

    Raises AuthorisationError without the right to create here, InvalidArgumentsError when nested too deep.
    """
    if parent_id is None:
        rights.require_creator(caller)
    else:
        parent_id = folder_queries.require_role(caller, tx, parent_id, admin=True)
    folder_id = new_id()
    values = {
        "id": folder_id,
        "parent_id": parent_id,
        "name": name,
        "description": description,
        "client_metadata": client_metadata,
        "folder_type": "generic" if synced_with is None else "cloudLinked",
        "integration_id": None if synced_with is None else synced_with[0],
        "remote_url": None if synced_with is None else synced_with[1],
        "now": clock.now(),
        **caller.scope,
    }
    tx.execute(_INSERT, values)
    tx.execute(_LINK_SELF, values)
    if parent_id is not None:
        tx.execute(_LINK_ABOVE, values)
        _refuse_too_deep(tx, folder_id)
    grant(tx, caller.user_id, folder_id, "admin", via_dataset=False)
    return folder_id


def grant(tx: Transaction, user_id: str, folder_id: str, role: str, *, via_dataset: bool) -> None:
    """Give a user a role on a folder; a role already given stays as it is."""
    tx.execute(_GRANT, {"user_id": user_id, "folder_id": folder_id, "role": role, "via_dataset": via_dataset})


def update_folder(caller: Caller, tx: Transaction, folder_id: str, changes: Mapping[str, str]) -> str:
    """Set `name`, `description` or `client_metadata` (JSON text) of a folder; returns its id.

    A mirror dataset follows the name of its folder. Raises AuthorisationError.
    """
    folder_id = folder_queries.require_role(caller, tx, folder_id, admin=True)
    if changes:
        columns = ", ".join(f"{column} = :{column}" for column in changes)
        tx.execute(
            sa.text(f"UPDATE folder SET {columns}, last_edited_at = :now WHERE id = :id"),
            {**changes, "now": clock.now(), "id": folder_id},
        )
    if "name" in changes:
        tx.execute(
            sa.text("UPDATE dataset SET title = :name, last_edited_at = :now WHERE backing_folder_id = :id"),
            {"name": changes["name"], "now": clock.now(), "id": folder_id},
        )
    return folder_id


def move_folders(caller: Caller, tx: Transaction, folder_ids: Sequence[str], parent_id: str | None) -> None:
    """Move folders with all that is in them under another folder, or to the root (None).

    Raises AuthorisationError without admin rights on both sides, InvalidArgumentsError for a move into itself.
    """
    if parent_id is None:
        rights.require_creator(caller)
    else:
        parent_id = folder_queries.require_role(caller, tx, parent_id, admin=True)
    for folder_id in folder_ids:
        folder_id = folder_queries.require_role(caller, tx, folder_id, admin=True)
        if parent_id is not None and _is_below(tx, parent_id, folder_id):
            raise InvalidArgumentsError("A folder cannot be moved into itself or into a folder below it.")
        values = {"id": folder_id, "parent_id": parent_id, "now": clock.now()}
        tx.execute(sa.text("UPDATE folder SET parent_id = :parent_id, last_edited_at = :now WHERE id = :id"), values)
        tx.execute(_CUT_ABOVE, values)
        if parent_id is not None:
            tx.execute(_LINK_ABOVE, values)
            _refuse_too_deep(tx, folder_id)


def delete_folder(caller: Caller, tx: Transaction, folder_id: str) -> None:
    """Delete a folder with everything below it.

    Raises AuthorisationError, OperationNotAllowed when a mirror dataset lives in it or items are still needed
    elsewhere.
    """
    folder_id = folder_queries.require_role(caller, tx, folder_id, admin=True)
    below = [
        str(row[0])
        for row in tx.execute(
            sa.text("SELECT folder_id FROM folder_ancestor WHERE ancestor_id = :id ORDER BY depth DESC"),
            {"id": folder_id},
        )
    ]
    expanding = sa.bindparam("folder_ids", expanding=True, type_=sa.String)
    mirror = tx.execute(
        sa.text("SELECT title FROM dataset WHERE backing_folder_id IN :folder_ids").bindparams(expanding),
        {"folder_ids": below},
    ).scalar()
    if mirror is not None:
        raise OperationNotAllowed(f"This folder mirrors the dataset {mirror!r} and cannot be deleted.")
    items = tx.execute(
        sa.text("SELECT id FROM item WHERE folder_id IN :folder_ids").bindparams(expanding), {"folder_ids": below}
    )
    removal.remove_items(caller, tx, [str(row[0]) for row in items])
    _forget_jobs(tx, below)
    removal.doom_slots(tx, below)
    for identifier in below:
        tx.execute(sa.text("DELETE FROM folder WHERE id = :id"), {"id": identifier})
    record(tx, caller.organisation_id, caller.user_id, "folder.delete", folder_id)


def _forget_jobs(tx: Transaction, folder_ids: list[str]) -> None:
    expanding = sa.bindparam("folder_ids", expanding=True, type_=sa.String)
    busy = sa.text("SELECT 1 FROM job WHERE status = 'PENDING' AND folder_id IN :folder_ids").bindparams(expanding)
    if tx.execute(busy, {"folder_ids": folder_ids}).scalar():
        raise OperationNotAllowed("An upload into this folder is still running. Wait for it or cancel it first.")
    tx.execute(
        sa.text(
            "UPDATE upload_slot SET job_id = NULL WHERE job_id IN (SELECT id FROM job WHERE folder_id IN :folder_ids)"
        ).bindparams(expanding),
        {"folder_ids": folder_ids},
    )
    tx.execute(
        sa.text("DELETE FROM job WHERE folder_id IN :folder_ids").bindparams(expanding), {"folder_ids": folder_ids}
    )


def _is_below(tx: Transaction, folder_id: str, ancestor_id: str) -> bool:
    query = sa.text("SELECT 1 FROM folder_ancestor WHERE folder_id = :folder_id AND ancestor_id = :ancestor_id")
    return tx.execute(query, {"folder_id": folder_id, "ancestor_id": as_id(ancestor_id)}).scalar() is not None


def _refuse_too_deep(tx: Transaction, folder_id: str) -> None:
    query = sa.text(
        "SELECT MAX(a.depth) FROM folder_ancestor a WHERE a.folder_id IN"
        " (SELECT b.folder_id FROM folder_ancestor b WHERE b.ancestor_id = :id)"
    )
    if int(tx.execute(query, {"id": folder_id}).scalar() or 0) >= MAX_DEPTH:
        raise InvalidArgumentsError(f"Folders can be nested at most {MAX_DEPTH} deep.")
