"""Reads datasets and data rows the way the pages show them: with counts, facts and the first part of composites."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.database import Transaction

Row = dict[str, Any]

_DATASETS = sa.text(
    "SELECT d.id, d.title, d.description, d.created_at, d.last_edited_at, d.backing_folder_id,"
    " (SELECT COUNT(*) FROM data_row r WHERE r.dataset_id = d.id) AS row_count,"
    f" {rights.dataset_role('d.id')} AS role"
    f" FROM dataset d WHERE {rights.dataset_visible('d')}"
    " AND (:search IS NULL OR fold_case(d.title) LIKE :search ESCAPE '\\')"
    " AND (:after IS NULL OR d.id < :after) ORDER BY d.id DESC LIMIT :limit"
).bindparams(sa.bindparam("search", type_=sa.Text), sa.bindparam("after", type_=sa.Text))
_ROWS = sa.text(
    "SELECT r.id AS data_hash, i.id AS item_id, i.name, i.item_type, i.mime_type, i.file_size, i.width, i.height,"
    " i.fps, i.duration, i.frame_count, i.page_count, i.audio_sample_rate, i.audio_num_channels"
    " FROM data_row r JOIN item i ON i.id = r.item_id WHERE r.dataset_id = :dataset_id AND r.id > :after"
    " AND (:search IS NULL OR fold_case(i.name) LIKE :search ESCAPE '\\') ORDER BY r.id LIMIT :limit"
).bindparams(sa.bindparam("search", type_=sa.Text))


def datasets(caller: Caller, tx: Transaction, *, search: str | None, after: str | None, limit: int) -> list[Row]:
    """Datasets that the caller may see, newest first, with how many rows each has."""
    values = {**caller.scope, "search": search, "after": after, "limit": limit}
    return [dict(row) for row in tx.execute(_DATASETS, values).mappings()]


def rows(tx: Transaction, dataset_id: str, *, search: str | None, after: str, limit: int) -> list[Row]:
    """Data rows of a dataset, oldest first. The caller has been checked."""
    values = {"dataset_id": dataset_id, "search": search, "after": after, "limit": limit}
    return [dict(row) for row in tx.execute(_ROWS, values).mappings()]


def first_file(tx: Transaction, item_id: str) -> Row | None:
    """The item itself, or for a composite its middle part: what a preview is made of."""
    query = sa.text(
        "SELECT i.id, i.item_type, i.object_key, i.url, i.integration_id FROM item i WHERE i.id = :item_id"
        " AND (i.object_key IS NOT NULL OR i.url IS NOT NULL)"
    )
    row = tx.execute(query, {"item_id": item_id}).mappings().first()
    if row is None:
        parts = sa.text(
            "SELECT i.id, i.item_type, i.object_key, i.url, i.integration_id FROM item_child c"
            " JOIN item i ON i.id = c.child_id"
            " WHERE c.parent_id = :item_id AND c.position ="
            " (SELECT COUNT(*) / 2 FROM item_child m WHERE m.parent_id = :item_id)"
        )
        row = tx.execute(parts, {"item_id": item_id}).mappings().first()
    return None if row is None else dict(row)
