"""Reads datasets: which there are, who may see them and what one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from corral.errors import AuthorisationError, ResourceNotFoundError
from corral.server import paging
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import as_id
from corral.server.statements import Statement

Row = dict[str, Any]

_COLUMNS = (
    "d.id, d.title, d.description, d.backing_folder_id, d.created_at, d.last_edited_at,"
    f" {rights.dataset_role('d.id')} AS role"
)
_ONE = Statement(f"SELECT {_COLUMNS} FROM dataset d WHERE d.id = :dataset_id AND {rights.dataset_visible('d')}")
_USERS = sa.text(
    "SELECT u.email, g.role FROM dataset_grant g JOIN corral_user u ON u.id = g.user_id"
    " WHERE g.dataset_id = :dataset_id AND u.removed_at IS NULL ORDER BY u.email"
)


@dataclass(frozen=True)
class DatasetFilter:
    """What a listing of datasets asks for: `*_like` are SQL LIKE patterns that ignore case, times in stored form."""

    title_eq: str | None = None
    title_like: str | None = None
    title_contains: str | None = None
    description_eq: str | None = None
    description_like: str | None = None
    created_before: str | None = None
    created_after: str | None = None
    edited_before: str | None = None
    edited_after: str | None = None
    everyone: bool = False


_CONDITIONS = {
    "title_eq": "d.title = :title_eq",
    "title_like": "fold_case(d.title) LIKE :title_like ESCAPE '\\'",
    "title_contains": "fold_case(d.title) LIKE :title_contains ESCAPE '\\'",
    "description_eq": "d.description = :description_eq",
    "description_like": "fold_case(d.description) LIKE :description_like ESCAPE '\\'",
    "created_before": "d.created_at < :created_before",
    "created_after": "d.created_at >= :created_after",
    "edited_before": "d.last_edited_at < :edited_before",
    "edited_after": "d.last_edited_at >= :edited_after",
}


_PATTERNS = {"title_like": paging.like, "description_like": paging.like, "title_contains": paging.contains}


def list_datasets(caller: Caller, tx: Transaction, wanted: DatasetFilter) -> list[Row]:
    """Every dataset given to the caller (or, for an administrator who asks for everyone's, all), newest first."""
    granted = f"{rights.dataset_role('d.id')} IS NOT NULL"
    seen = "1 = 1" if wanted.everyone and caller.is_admin else granted
    conditions, values = ["d.organisation_id = :organisation_id", seen], dict(caller.scope)
    for name, condition in _CONDITIONS.items():
        if getattr(wanted, name) is not None:
            conditions.append(condition)
            values[name] = _PATTERNS.get(name, str)(getattr(wanted, name))
    query = f"SELECT {_COLUMNS} FROM dataset d WHERE {' AND '.join(conditions)} ORDER BY d.created_at DESC, d.id DESC"
    return [dict(row) for row in tx.execute(sa.text(query), values).mappings()]


def get_dataset(caller: Caller, tx: Transaction, dataset_id: str) -> Row:
    """One dataset with the caller's role. Raises AuthorisationError when foreign, ResourceNotFoundError when empty."""
    if not dataset_id:
        raise ResourceNotFoundError("No dataset was named.")
    found = _ONE.first(tx, {**caller.scope, "dataset_id": as_id(dataset_id)})
    if found is None:
        raise AuthorisationError()
    return found


def require_admin(caller: Caller, tx: Transaction, dataset_id: str) -> Row:
    """The dataset, if the caller may change it. Raises AuthorisationError."""
    dataset = get_dataset(caller, tx, dataset_id)
    if dataset["role"] != "admin" and not caller.is_admin:
        raise AuthorisationError("You may look at this dataset but not change it. Its administrator may.")
    return dataset


def list_users(caller: Caller, tx: Transaction, dataset_id: str) -> tuple[str, list[Row]]:
    """The dataset's id and everybody it was given to, by e-mail. Raises AuthorisationError."""
    dataset = get_dataset(caller, tx, dataset_id)
    users = [dict(row) for row in tx.execute(_USERS, {"dataset_id": dataset["id"]}).mappings()]
    return dataset["id"], users
