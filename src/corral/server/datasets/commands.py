"""Changes datasets: create, link and unlink items, share, rename."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from corral.errors import InvalidArgumentsError, OperationNotAllowed, ResourceExistsError
from corral.server import clock
from corral.server.access import rights, users
from corral.server.access.callers import Caller
from corral.server.audit import record
from corral.server.database import Transaction
from corral.server.datasets import queries
from corral.server.identifiers import new_id
from corral.server.statements import Statement
from corral.server.storage import folder_commands, item_queries, removal
from corral.vocabulary import DataLinkDuplicatesBehavior

_IDS = sa.bindparam("ids", expanding=True, type_=sa.String)
_INSERT = sa.text(
    "INSERT INTO dataset (id, organisation_id, title, description, creator_id, backing_folder_id, created_at,"
    " last_edited_at) VALUES (:id, :organisation_id, :title, :description, :user_id, :folder_id, :now, :now)"
)
_INSERT_ROW = Statement(
    "INSERT INTO data_row (id, dataset_id, item_id, created_at) VALUES (:id, :dataset_id, :item_id, :now)"
)
_GRANT = sa.text(
    "INSERT INTO dataset_grant (user_id, dataset_id, role) VALUES (:grantee, :dataset_id, :role) ON CONFLICT DO NOTHING"
)
_PRESENT_ROWS = sa.text(
    "SELECT item_id, MIN(id) AS data_hash FROM data_row WHERE dataset_id = :dataset_id AND item_id IN :ids"
    " GROUP BY item_id"
).bindparams(_IDS)


def create_dataset(
    caller: Caller, tx: Transaction, title: str, *, description: str = "", with_folder: bool
) -> tuple[str, str | None]:
    """Make a dataset; `with_folder` makes it a mirror with a backing folder. Returns both ids.

    Raises AuthorisationError when the caller's role may not create.
    """
    rights.require_creator(caller)
    folder_id = None
    if with_folder:
        folder_id = folder_commands.create_folder(caller, tx, title, description=description)
    dataset_id = new_id()
    values = {
        **caller.scope,
        "id": dataset_id,
        "title": title,
        "description": description,
        "folder_id": folder_id,
        "now": clock.now(),
    }
    tx.execute(_INSERT, values)
    tx.execute(_GRANT, {"grantee": caller.user_id, "dataset_id": dataset_id, "role": "admin"})
    return dataset_id, folder_id


def link_items(
    caller: Caller,
    tx: Transaction,
    dataset_id: str,
    item_ids: Sequence[str],
    duplicates: DataLinkDuplicatesBehavior,
) -> list[str]:
    """Make items data rows of a dataset; returns the data hashes of all items asked for, in that order.

    Raises AuthorisationError, ResourceExistsError (FAIL and already linked).
    """
    dataset = queries.require_admin(caller, tx, dataset_id)
    items = [item["id"] for item in item_queries.many(caller, tx, item_ids)]
    present: dict[str, str] = {}
    for start in range(0, len(items), 500):
        batch = {"dataset_id": dataset["id"], "ids": items[start : start + 500]}
        present.update((row[0], row[1]) for row in tx.execute(_PRESENT_ROWS, batch))
    if duplicates is DataLinkDuplicatesBehavior.FAIL and (present or len(set(items)) < len(items)):
        taken = next((item for item in items if item in present), items[0])
        raise ResourceExistsError(f"Item {taken} is already in this dataset.")
    rows, hashes, now = [], [], clock.now()
    for item_id in items:
        if duplicates is DataLinkDuplicatesBehavior.DUPLICATE or item_id not in present:
            present[item_id] = new_id()
            rows.append({"id": present[item_id], "dataset_id": dataset["id"], "item_id": item_id, "now": now})
        hashes.append(present[item_id])
    add_rows(tx, dataset["id"], rows)
    return hashes


def add_rows(tx: Transaction, dataset_id: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert prepared data rows and mark the dataset as edited."""
    if rows:
        _INSERT_ROW.run_many(tx, rows)
        _touch(tx, dataset_id)


def delete_rows(caller: Caller, tx: Transaction, dataset_id: str, data_hashes: Sequence[str]) -> int:
    """Take data rows out of a dataset; hashes of other datasets are ignored. Returns how many went.

    In a mirror dataset the items of the backing folder go too, unless another dataset still holds them.
    Raises AuthorisationError.
    """
    dataset = queries.require_admin(caller, tx, dataset_id)
    removed = 0
    for start in range(0, len(data_hashes), 500):
        values = {
            "dataset_id": dataset["id"],
            "ids": [str(data_hash) for data_hash in data_hashes[start : start + 500]],
        }
        rows = tx.execute(
            sa.text("SELECT item_id FROM data_row WHERE dataset_id = :dataset_id AND id IN :ids").bindparams(_IDS),
            values,
        )
        items = [str(row[0]) for row in rows]
        tx.execute(
            sa.text("DELETE FROM data_row WHERE dataset_id = :dataset_id AND id IN :ids").bindparams(_IDS), values
        )
        removed += len(items)
        if dataset["backing_folder_id"] and items:
            free = tx.execute(_FREE_ITEMS, {"folder_id": dataset["backing_folder_id"], "ids": items})
            removal.remove_items(caller, tx, [str(row[0]) for row in free])
    if removed:
        _touch(tx, dataset["id"])
        record(tx, caller.organisation_id, caller.user_id, "dataset.delete_rows", dataset["id"], {"rows": removed})
    return removed


_FREE_ITEMS = sa.text(
    "SELECT i.id FROM item i WHERE i.folder_id = :folder_id AND i.id IN :ids"
    " AND NOT EXISTS (SELECT 1 FROM data_row r WHERE r.item_id = i.id)"
    " AND NOT EXISTS (SELECT 1 FROM item_child c WHERE c.child_id = i.id)"
).bindparams(_IDS)


def update_row(caller: Caller, tx: Transaction, data_hash: str, changes: Mapping[str, str]) -> None:
    """Set the title (`name`) or `client_metadata` (JSON text) of the item behind a row. Raises AuthorisationError."""
    found = tx.execute(sa.text("SELECT dataset_id, item_id FROM data_row WHERE id = :id"), {"id": data_hash}).first()
    dataset = queries.require_admin(caller, tx, str(found[0]) if found else new_id())
    if changes and found is not None:
        columns = ", ".join(f"{column} = :{column}" for column in changes)
        tx.execute(
            sa.text(f"UPDATE item SET {columns}, last_edited_at = :now WHERE id = :id"),
            {**changes, "now": clock.now(), "id": found[1]},
        )
        _touch(tx, dataset["id"])


def rename_rows(caller: Caller, tx: Transaction, dataset_id: str, titles: Mapping[str, str]) -> bool:
    """Rename data rows of a dataset (hash → title); false when one is not in it. Raises AuthorisationError."""
    dataset = queries.require_admin(caller, tx, dataset_id)
    query = sa.text("SELECT COUNT(*) FROM data_row WHERE dataset_id = :dataset_id AND id IN :ids").bindparams(_IDS)
    if tx.execute(query, {"dataset_id": dataset["id"], "ids": list(titles)}).scalar() != len(titles):
        return False
    for data_hash, title in titles.items():
        update_row(caller, tx, data_hash, {"name": title})
    return True


def add_users(
    caller: Caller, tx: Transaction, dataset_id: str, emails: Sequence[str], role: str
) -> list[tuple[str, str]]:
    """Share a dataset (and the backing folder of a mirror); returns (e-mail, role), where members keep their role.

    Raises AuthorisationError, InvalidArgumentsError for people outside the organisation.
    """
    dataset = queries.require_admin(caller, tx, dataset_id)
    members = users.members(caller, tx, list(emails))
    for email, user_id in members.items():
        tx.execute(_GRANT, {"grantee": user_id, "dataset_id": dataset["id"], "role": role})
        if dataset["backing_folder_id"]:
            folder_commands.grant(tx, user_id, dataset["backing_folder_id"], role, via_dataset=True)
        record(
            tx, caller.organisation_id, caller.user_id, "dataset.share", dataset["id"], {"with": email, "role": role}
        )
    _, present = queries.list_users(caller, tx, dataset["id"])
    return [(user["email"], user["role"]) for user in present if user["email"] in members]


def remove_users(caller: Caller, tx: Transaction, dataset_id: str, emails: Sequence[str]) -> None:
    """Stop sharing a dataset; unknown e-mails are ignored.

    Raises AuthorisationError, OperationNotAllowed when nobody would administer it any more.
    """
    dataset = queries.require_admin(caller, tx, dataset_id)
    for email in emails:
        found = users.find_user(tx, email)
        if found is None:
            continue
        values = {"grantee": found["id"], "dataset_id": dataset["id"], "folder_id": dataset["backing_folder_id"]}
        tx.execute(sa.text("DELETE FROM dataset_grant WHERE user_id = :grantee AND dataset_id = :dataset_id"), values)
        tx.execute(sa.text("DELETE FROM folder_grant WHERE user_id = :grantee AND folder_id = :folder_id"), values)
        record(tx, caller.organisation_id, caller.user_id, "dataset.unshare", dataset["id"], {"with": email})
    left = sa.text("SELECT 1 FROM dataset_grant WHERE dataset_id = :dataset_id AND role = 'admin' LIMIT 1")
    if not tx.execute(left, {"dataset_id": dataset["id"]}).scalar():
        raise OperationNotAllowed("This would leave the dataset without an administrator. Add another one first.")


def require_upload_folder(caller: Caller, tx: Transaction, dataset_id: str, folder_id: str | None) -> str:
    """The folder into which an upload through a dataset goes: its own for a mirror, else the one that was given.

    Raises AuthorisationError, InvalidArgumentsError when a folder is missing or not wanted.
    """
    dataset = queries.require_admin(caller, tx, dataset_id)
    if dataset["backing_folder_id"]:
        if folder_id is not None:
            raise InvalidArgumentsError("This dataset mirrors its own folder; upload without naming a folder.")
        return str(dataset["backing_folder_id"])
    if folder_id is None:
        raise InvalidArgumentsError("This dataset has no folder of its own; name the folder to upload into.")
    return folder_id


def _touch(tx: Transaction, dataset_id: str) -> None:
    tx.execute(
        sa.text("UPDATE dataset SET last_edited_at = :now WHERE id = :id"), {"now": clock.now(), "id": dataset_id}
    )
