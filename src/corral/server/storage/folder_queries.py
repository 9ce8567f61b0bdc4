"""Reads folders: one, many, the tree above and a summary of what is inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from corral.errors import AuthorisationError
from corral.server import paging
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import as_id
from corral.server.statements import Statement
from corral.vocabulary import FoldersSortBy

Row = dict[str, Any]

_COLUMNS = (
    "f.id, f.parent_id, f.name, f.description, f.client_metadata, o.email AS owner, f.created_at, f.last_edited_at,"
    f" f.folder_type, f.integration_id, f.remote_url, d.id AS synced_dataset_id, {rights.folder_role('f.id')} AS role"
)
_FROM = "FROM folder f JOIN corral_user o ON o.id = f.owner_id LEFT JOIN dataset d ON d.backing_folder_id = f.id"
_ONE = Statement(f"SELECT {_COLUMNS} {_FROM} WHERE f.id = :folder_id AND {rights.folder_visible('f')}")
_ROLE = Statement(
    f"SELECT {rights.folder_role('f.id')} AS role FROM folder f"
    f" WHERE f.id = :folder_id AND {rights.folder_visible('f')}"
)
_PATHS = sa.text(
    "SELECT fa.folder_id AS start, f.id, f.parent_id, f.name, d.id AS synced_dataset_id"
    " FROM folder_ancestor fa JOIN folder f ON f.id = fa.ancestor_id"
    " LEFT JOIN dataset d ON d.backing_folder_id = f.id"
    f" WHERE fa.folder_id IN :folder_ids AND fa.depth > 0 AND {rights.folder_visible('f')}"
    " ORDER BY fa.folder_id, fa.depth"
).bindparams(sa.bindparam("folder_ids", expanding=True, type_=sa.String))
_SUMMARY = sa.text(
    "SELECT item_type, COUNT(*) AS items, SUM(CASE WHEN is_tombstone THEN 1 ELSE 0 END) AS tombstones,"
    " SUM(CASE WHEN object_key IS NOT NULL OR url IS NOT NULL THEN file_size ELSE 0 END) AS bytes"
    " FROM item WHERE folder_id = :folder_id GROUP BY item_type"
)


@dataclass(frozen=True)
class FolderFilter:
    """What a listing of folders asks for."""

    search: str | None = None
    dataset_synced: bool | None = None
    everyone: bool = False
    recursive: bool = False
    order: FoldersSortBy = FoldersSortBy.NAME
    descending: bool = False
    page_token: str | None = None
    page_size: int = 100


def get_folder(caller: Caller, tx: Transaction, folder_id: str) -> Row:
    """One folder with the caller's role and its path to the root. Raises AuthorisationError."""
    found = _ONE.first(tx, {**caller.scope, "folder_id": as_id(folder_id)})
    if found is None:
        raise AuthorisationError()
    return with_paths(caller, tx, [found])[0]


def require_role(caller: Caller, tx: Transaction, folder_id: str, *, admin: bool) -> str:
    """The folder's id in canonical form, if the caller may see (or, with `admin`, change) it.

    Raises AuthorisationError.
    """
    folder_id = as_id(folder_id)
    role = _ROLE.value(tx, {**caller.scope, "folder_id": folder_id})
    if role is None:
        raise AuthorisationError()
    if admin and role != "admin":
        raise AuthorisationError("You may look at this folder but not change it. Its administrator may.")
    return folder_id


def list_folders(
    caller: Caller, tx: Transaction, parent_id: str | None, wanted: FolderFilter
) -> tuple[list[Row], str | None]:
    """One page of the folders below `parent_id` (None: the root) and the token of the next page.

    Raises AuthorisationError for a foreign parent, or when `everyone` is asked by no administrator.
    """
    if wanted.everyone and not caller.is_admin:
        raise AuthorisationError("Only administrators of the organisation may list everyone's folders.")
    values: dict[str, object] = {**caller.scope, "everyone": wanted.everyone, "limit": wanted.page_size + 1}
    conditions = [
        "f.organisation_id = :organisation_id",
        f"(:everyone OR {rights.folder_granted('f.id')})" if parent_id is None else rights.folder_visible("f"),
        _place(caller, tx, parent_id, wanted, values),
    ]
    if wanted.search:
        conditions.append("fold_case(f.name) LIKE :search ESCAPE '\\'")
        values["search"] = paging.contains(wanted.search)
    if wanted.dataset_synced is not None:
        conditions.append(f"d.id IS {'NOT' if wanted.dataset_synced else ''} NULL")
    key = "f.name" if wanted.order is FoldersSortBy.NAME else "f.created_at"
    direction, sign = ("DESC", "<") if wanted.descending else ("ASC", ">")
    if wanted.page_token is not None:
        values["after_key"], values["after_id"] = paging.decode(wanted.page_token, 2)
        conditions.append(f"({key}, f.id) {sign} (:after_key, :after_id)")
    query = (
        f"SELECT {_COLUMNS} {_FROM} WHERE {' AND '.join(conditions)}"
        f" ORDER BY {key} {direction}, f.id {direction} LIMIT :limit"
    )
    rows = [dict(row) for row in tx.execute(sa.text(query), values).mappings()]
    token = None
    if len(rows) > wanted.page_size:
        rows = rows[: wanted.page_size]
        token = paging.encode(rows[-1][key[2:]], rows[-1]["id"])
    return with_paths(caller, tx, rows), token


def _place(
    caller: Caller, tx: Transaction, parent_id: str | None, wanted: FolderFilter, values: dict[str, object]
) -> str:
    if parent_id is not None:
        values["parent_id"] = require_role(caller, tx, parent_id, admin=False)
        if wanted.recursive:
            below = "SELECT fa2.folder_id FROM folder_ancestor fa2 WHERE fa2.ancestor_id = :parent_id AND fa2.depth > 0"
            return f"f.id IN ({below})"
        return "f.parent_id = :parent_id"
    if wanted.recursive:
        return "1 = 1"
    # Somebody who was given only a subfolder finds it at the top of what they see.
    parent_seen = rights.folder_granted("f.parent_id")
    return f"(f.parent_id IS NULL OR (NOT :everyone AND NOT {parent_seen}))"


def with_paths(caller: Caller, tx: Transaction, folders: list[Row]) -> list[Row]:
    """The same folders, each with `path`: the folders above it that the caller may see, nearest first."""
    nested = [folder["id"] for folder in folders if folder["parent_id"] is not None]
    paths: dict[str, list[Row]] = {}
    if nested:
        for row in tx.execute(_PATHS, {**caller.scope, "folder_ids": nested}).mappings():
            paths.setdefault(row["start"], []).append(dict(row))
    return [{**folder, "path": paths.get(folder["id"], [])} for folder in folders]


def summary(caller: Caller, tx: Transaction, folder_id: str) -> Row:
    """Counts and bytes of what lies directly in a folder, by item type. Raises AuthorisationError."""
    folder_id = require_role(caller, tx, folder_id, admin=False)
    counts = [dict(row) for row in tx.execute(_SUMMARY, {"folder_id": folder_id}).mappings()]
    folders = tx.execute(sa.text("SELECT COUNT(*) FROM folder WHERE parent_id = :id"), {"id": folder_id}).scalar()
    jobs = tx.execute(
        sa.text("SELECT COUNT(*) FROM job WHERE folder_id = :id AND status = 'PENDING'"), {"id": folder_id}
    ).scalar()
    return {
        "by_type": {row["item_type"]: row["items"] for row in counts},
        "files": sum(row["items"] for row in counts),
        "tombstones": int(sum(row["tombstones"] for row in counts)),
        "total_size": int(sum(row["bytes"] or 0 for row in counts)),
        "folders": folders or 0,
        "upload_jobs": jobs or 0,
    }


def many(caller: Caller, tx: Transaction, folder_ids: Sequence[str]) -> list[Row]:
    """The folders with these ids, in this order. Raises AuthorisationError when one is missing."""
    query = sa.text(f"SELECT {_COLUMNS} {_FROM} WHERE f.id IN :folder_ids AND {rights.folder_visible('f')}").bindparams(
        sa.bindparam("folder_ids", expanding=True, type_=sa.String)
    )
    ids = [as_id(folder_id) for folder_id in folder_ids]
    found = {row["id"]: dict(row) for row in tx.execute(query, {**caller.scope, "folder_ids": ids}).mappings()}
    if set(ids) - set(found):
        raise AuthorisationError()
    return with_paths(caller, tx, [found[folder_id] for folder_id in ids])
