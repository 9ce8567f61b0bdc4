"""Reads items: one, many, the pages of a folder, the parts of a composite and where an item is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from corral.errors import AuthorisationError, InvalidArgumentsError
from corral.server import paging
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import as_id
from corral.server.statements import Statement
from corral.server.storage import folder_queries
from corral.vocabulary import FoldersSortBy, StorageItemType

Row = dict[str, Any]

COLUMNS = (
    "i.id, i.folder_id, i.item_type, i.name, i.description, i.client_metadata, o.email AS owner, i.created_at,"
    " i.last_edited_at, i.storage_location, i.object_key, i.url, i.is_tombstone, i.file_size, i.mime_type, i.duration,"
    " i.fps, i.width, i.height, i.frame_count, i.page_count, i.dicom_instance_uid, i.dicom_study_uid,"
    " i.dicom_series_uid, i.audio_sample_rate, i.audio_bit_depth, i.audio_codec, i.audio_num_channels,"
    " i.extra_facts, i.timeseries_settings, i.integration_id,"
    " (SELECT COUNT(*) FROM data_row r WHERE r.item_id = i.id) AS data_units"
)
FROM = "FROM item i JOIN corral_user o ON o.id = i.owner_id"
_ONE = Statement(f"SELECT {COLUMNS} {FROM} WHERE i.id = :item_id AND {rights.item_visible('i')}")
_MANY = sa.text(f"SELECT {COLUMNS} {FROM} WHERE i.id IN :item_ids AND {rights.item_visible('i')}").bindparams(
    sa.bindparam("item_ids", expanding=True, type_=sa.String)
)
_PARTS = sa.text(
    f"SELECT {COLUMNS} FROM item_child c JOIN item i ON i.id = c.child_id JOIN corral_user o ON o.id = i.owner_id"
    " WHERE c.parent_id = :item_id ORDER BY c.position"
)
_GROUPS = sa.text(
    "SELECT p.id, p.name, p.folder_id, f.name AS folder_name, p.item_type FROM item_child c"
    " JOIN item p ON p.id = c.parent_id JOIN folder f ON f.id = p.folder_id"
    f" WHERE c.child_id = :item_id AND {rights.item_visible('p')} ORDER BY p.id"
)
_DATASETS = sa.text(
    "SELECT d.id, d.title, d.backing_folder_id, r.id AS data_hash, r.created_at FROM data_row r"
    " JOIN dataset d ON d.id = r.dataset_id"
    f" WHERE r.item_id = :item_id AND {rights.dataset_visible('d')} ORDER BY d.id, r.id"
)


@dataclass(frozen=True)
class ItemFilter:
    """What a listing of items asks for."""

    search: str | None = None
    in_dataset: bool | None = None
    item_types: Sequence[StorageItemType] = field(default_factory=tuple)
    everyone: bool = False
    recursive: bool = False
    order: FoldersSortBy = FoldersSortBy.NAME
    descending: bool = False
    page_token: str | None = None
    page_size: int = 100


def get_item(caller: Caller, tx: Transaction, item_id: str) -> Row:
    """One item. Raises AuthorisationError."""
    found = _ONE.first(tx, {**caller.scope, "item_id": as_id(item_id)})
    if found is None:
        raise AuthorisationError()
    return found


def many(caller: Caller, tx: Transaction, item_ids: Sequence[str]) -> list[Row]:
    """The items with these ids, in this order. Raises AuthorisationError when one is missing."""
    ids = [as_id(item_id) for item_id in item_ids]
    found: dict[str, Row] = {}
    for start in range(0, len(ids), 500):
        values = {**caller.scope, "item_ids": ids[start : start + 500]}
        found.update((row["id"], dict(row)) for row in tx.execute(_MANY, values).mappings())
    missing = [item_id for item_id in ids if item_id not in found]
    if missing:
        raise AuthorisationError(f"Not found, or you have no access to: {', '.join(missing[:10])}.")
    return [found[item_id] for item_id in ids]


def list_items(
    caller: Caller, tx: Transaction, folder_id: str | None, wanted: ItemFilter
) -> tuple[list[Row], str | None]:
    """One page of items in a folder (None: in all folders given to the caller) and the token of the next page.

    Raises AuthorisationError for a foreign folder, or when `everyone` is asked by no administrator.
    """
    if wanted.everyone and not caller.is_admin:
        raise AuthorisationError("Only administrators of the organisation may list everyone's items.")
    values: dict[str, object] = {**caller.scope, "limit": wanted.page_size + 1}
    conditions = [*_place(caller, tx, folder_id, wanted, values), *_conditions(wanted, values)]
    key = "name" if wanted.order is FoldersSortBy.NAME else "created_at"
    direction, sign = ("DESC", "<") if wanted.descending else ("ASC", ">")
    if wanted.page_token is not None:
        values["after_key"], values["after_id"] = paging.decode(wanted.page_token, 2)
        conditions.append(f"(i.{key}, i.id) {sign} (:after_key, :after_id)")
    query = (
        f"SELECT {COLUMNS} {FROM} WHERE {' AND '.join(conditions)}"
        f" ORDER BY i.{key} {direction}, i.id {direction} LIMIT :limit"
    )
    statement = sa.text(query)
    if wanted.item_types:
        statement = statement.bindparams(sa.bindparam("item_types", expanding=True, type_=sa.String))
    rows = [dict(row) for row in tx.execute(statement, values).mappings()]
    if len(rows) <= wanted.page_size:
        return rows, None
    rows = rows[: wanted.page_size]
    return rows, paging.encode(rows[-1][key], rows[-1]["id"])


def _place(
    caller: Caller, tx: Transaction, folder_id: str | None, wanted: ItemFilter, values: dict[str, object]
) -> list[str]:
    if folder_id is None:
        seen = "1 = 1" if wanted.everyone else rights.folder_granted("i.folder_id")
        return ["i.organisation_id = :organisation_id", seen]
    values["folder_id"] = folder_queries.require_role(caller, tx, folder_id, admin=False)
    if wanted.recursive:
        return ["i.folder_id IN (SELECT b.folder_id FROM folder_ancestor b WHERE b.ancestor_id = :folder_id)"]
    return ["i.folder_id = :folder_id"]


def _conditions(wanted: ItemFilter, values: dict[str, object]) -> list[str]:
    conditions = []
    if wanted.search:
        conditions.append("fold_case(i.name) LIKE :search ESCAPE '\\'")
        values["search"] = paging.contains(wanted.search)
    if wanted.in_dataset is not None:
        negation = "" if wanted.in_dataset else "NOT "
        conditions.append(f"{negation}EXISTS (SELECT 1 FROM data_row dr WHERE dr.item_id = i.id)")
    if wanted.item_types:
        conditions.append("i.item_type IN :item_types")
        values["item_types"] = [item_type.value for item_type in wanted.item_types]
    return conditions


def parts(caller: Caller, tx: Transaction, item_id: str) -> list[Row]:
    """The parts of a composite in their order; none for other items. Raises AuthorisationError."""
    get_item(caller, tx, item_id)
    return [dict(row) for row in tx.execute(_PARTS, {"item_id": as_id(item_id)}).mappings()]


def usage(caller: Caller, tx: Transaction, item_id: str) -> Row:
    """Which groups and datasets hold an item: total counts, and those that the caller may see.

    Raises AuthorisationError.
    """
    item = get_item(caller, tx, item_id)
    values = {**caller.scope, "item_id": item["id"]}
    count = "SELECT COUNT(DISTINCT {0}) FROM {1} WHERE {2} = :item_id"
    datasets: dict[str, Row] = {}
    for row in tx.execute(_DATASETS, values).mappings():
        entry = datasets.setdefault(row["id"], {**row, "data_hashes": []})
        entry["data_hashes"].append(row["data_hash"])
    return {
        "groups": [dict(row) for row in tx.execute(_GROUPS, values).mappings()],
        "group_count": tx.execute(sa.text(count.format("parent_id", "item_child", "child_id")), values).scalar(),
        "datasets": list(datasets.values()),
        "dataset_count": tx.execute(sa.text(count.format("dataset_id", "data_row", "item_id")), values).scalar(),
    }


def require_in_folder(tx: Transaction, folder_id: str, item_ids: Sequence[str]) -> list[str]:
    """The ids in canonical form, if all lie directly in the folder. Raises InvalidArgumentsError naming others."""
    ids = list(dict.fromkeys(as_id(item_id) for item_id in item_ids))
    query = sa.text("SELECT id FROM item WHERE folder_id = :folder_id AND id IN :ids").bindparams(
        sa.bindparam("ids", expanding=True, type_=sa.String)
    )
    found = {
        str(row[0])
        for start in range(0, len(ids), 500)
        for row in tx.execute(query, {"folder_id": folder_id, "ids": ids[start : start + 500]})
    }
    missing = [item_id for item_id in ids if item_id not in found]
    if missing:
        raise InvalidArgumentsError(f"Not directly in this folder: {', '.join(missing[:10])}.")
    return ids
