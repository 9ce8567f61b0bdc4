"""Reads data rows straight from SQL into the JSON that the legacy wire carries, in keyset chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from corral.errors import AuthorisationError
from corral.server import clock, paging
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.database import Database, Transaction, row_dict
from corral.server.identifiers import as_id
from corral.server.statements import Statement
from corral.vocabulary import DataType, StorageItemType, StorageLocationName

CHUNK = 5000

_COLUMNS = (
    "r.id, i.name, i.item_type, r.created_at, i.last_edited_at, i.width, i.height, i.object_key, i.url, i.file_size,"
    " i.mime_type, i.storage_location, i.fps, i.duration, r.item_id"
)
_FROM = "FROM data_row r JOIN item i ON i.id = r.item_id"
_ONE = sa.text(
    f"SELECT {_COLUMNS}, i.client_metadata, r.dataset_id, i.integration_id {_FROM}"
    " JOIN dataset d ON d.id = r.dataset_id"
    f" WHERE r.id = :data_hash AND {rights.dataset_visible('d')}"
)
_IMAGES = sa.text(
    "SELECT i.id, i.name, i.object_key, i.url, i.integration_id, i.mime_type, i.file_size, i.storage_location,"
    " i.created_at, i.last_edited_at, i.width, i.height FROM item_child c JOIN item i ON i.id = c.child_id"
    " WHERE c.parent_id = :item_id ORDER BY c.position"
)
_DATA_TYPE = {item_type.value: item_type.data_type.to_upper_case_string() for item_type in StorageItemType}
_LOCATION = {name.value: int(name.location) for name in StorageLocationName}
_SEQUENCE, _GROUP = StorageItemType.IMAGE_SEQUENCE.value, StorageItemType.IMAGE_GROUP.value
_VIDEO = StorageItemType.VIDEO.value
_TIMED = frozenset({_VIDEO, _SEQUENCE})


@dataclass(frozen=True)
class RowFilter:
    """What a listing of data rows asks for; all given conditions must hold.

    `title_like` is an SQL LIKE pattern that ignores case, times are in stored form.
    """

    title_eq: str | None = None
    title_like: str | None = None
    created_before: str | None = None
    created_after: str | None = None
    data_types: Sequence[DataType] | None = None
    data_hashes: Sequence[str] | None = None


def rows_json(database: Database, dataset_id: str, wanted: RowFilter, *, with_metadata: bool) -> Iterator[bytes]:
    """The data rows of a dataset, oldest first, as pieces of one JSON array.

    Holds a connection only while a chunk is read, never while the client takes it. The caller has been checked.
    """
    conditions, values = _conditions(wanted)
    columns = _COLUMNS + (", i.client_metadata" if with_metadata else "")
    statement = Statement(
        f"SELECT {columns} {_FROM} WHERE r.dataset_id = :dataset_id AND r.id > :after{conditions}"
        f" ORDER BY r.id LIMIT {CHUNK}"
    )
    after, opening = "", b"["
    while True:
        with database.read() as tx:
            chunk = statement.tuples(tx, {**values, "dataset_id": dataset_id, "after": after})
        if chunk:
            body = orjson.dumps([_wire(row, with_metadata) for row in chunk])
            yield opening + body[1:-1]
            opening, after = b",", chunk[-1][0]
        if len(chunk) < CHUNK:
            break
    yield b"]" if opening == b"," else b"[]"


def _conditions(wanted: RowFilter) -> tuple[str, dict[str, Any]]:
    conditions, values = "", {}
    texts = {
        "title_eq": " AND i.name = :title_eq",
        "title_like": " AND fold_case(i.name) LIKE :title_like ESCAPE '\\'",
        "created_before": " AND r.created_at < :created_before",
        "created_after": " AND r.created_at >= :created_after",
    }
    for name, condition in texts.items():
        if getattr(wanted, name) is not None:
            conditions += condition
            values[name] = getattr(wanted, name)
    if wanted.title_like is not None:
        values["title_like"] = paging.like(wanted.title_like)
    if wanted.data_types is not None:
        conditions += " AND i.item_type IN :item_types[]"
        values["item_types"] = [kind.value for kind in StorageItemType if kind.data_type in wanted.data_types]
    if wanted.data_hashes is not None:
        conditions += " AND r.id IN :data_hashes[]"
        values["data_hashes"] = [str(data_hash) for data_hash in wanted.data_hashes]
    return conditions, values


def _wire(row: Any, with_metadata: bool) -> dict[str, Any]:
    (
        data_hash, name, item_type, created_at, edited_at, width, height, key, url, size, mime, location, fps, duration,
        item_id,
    ) = row[:15]  # fmt: skip
    timed = item_type in _TIMED
    return {
        "data_hash": data_hash,
        "data_title": name,
        "data_type": _DATA_TYPE[item_type],
        "created_at": clock.legacy(created_at),
        "last_edited_at": clock.legacy(edited_at),
        "width": width,
        "height": height,
        "file_link": url or key,
        "file_size": size,
        "file_type": mime,
        "storage_location": _LOCATION[location],
        "frames_per_second": fps if timed else None,
        "duration": duration if timed else None,
        "client_metadata": orjson.Fragment(row[15]) if with_metadata else None,
        "images_data": None,
        "signed_url": None,
        "is_optimised_image_group": (item_type == _SEQUENCE) if item_type in (_SEQUENCE, _GROUP) else None,
        "backing_item_uuid": item_id,
    }


@dataclass(frozen=True)
class OneRow:
    """One data row as the legacy wire carries it, and what is needed to sign its bytes."""

    wire: dict[str, Any]
    item_id: str
    dataset_id: str
    item: dict[str, Any]


def get_row(caller: Caller, tx: Transaction, data_hash: str, *, with_metadata: bool) -> OneRow:
    """One data row, whichever dataset it is in. Raises AuthorisationError."""
    found = tx.execute(_ONE, {**caller.scope, "data_hash": as_id(data_hash)}).first()
    if found is None:
        raise AuthorisationError()
    return OneRow(
        wire=_wire(found, with_metadata),
        item_id=found.item_id,
        dataset_id=found.dataset_id,
        item={name: getattr(found, name) for name in ("object_key", "url", "integration_id", "mime_type", "name")},
    )


def get_rows(caller: Caller, tx: Transaction, data_hashes: Sequence[str]) -> list[dict[str, Any]]:
    """Data rows as the legacy wire carries them, in the order asked for. Raises AuthorisationError."""
    query = sa.text(
        f"SELECT {_COLUMNS} {_FROM} JOIN dataset d ON d.id = r.dataset_id"
        f" WHERE r.id IN :ids AND {rights.dataset_visible('d')}"
    ).bindparams(sa.bindparam("ids", expanding=True, type_=sa.String))
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(data_hashes), 500):
        for row in tx.execute(query, {**caller.scope, "ids": list(data_hashes[start : start + 500])}):
            found[row[0]] = _wire(row, False)
    if any(data_hash not in found for data_hash in data_hashes):
        raise AuthorisationError()
    return [found[data_hash] for data_hash in data_hashes]


def images(tx: Transaction, item_id: str) -> list[dict[str, Any]]:
    """The images of a group in their order, as rows of the item table (id, name, object_key ...)."""
    return [dict(row) for row in tx.execute(_IMAGES, {"item_id": item_id}).mappings()]


def image_wire(image: dict[str, Any], signed_url: str | None) -> dict[str, Any]:
    """One image of a group as the legacy wire carries it."""
    return {
        "image_hash": image["id"],
        "title": image["name"],
        "file_link": image["url"] or image["object_key"],
        "file_type": image["mime_type"],
        "file_size": image["file_size"],
        "storage_location": _LOCATION[image["storage_location"]],
        "created_at": clock.legacy(image["created_at"]),
        "last_edited_at": clock.legacy(image["last_edited_at"]),
        "height": image["height"],
        "width": image["width"],
        "signed_url": signed_url,
    }


def count(tx: Transaction, dataset_id: str) -> int:
    """How many data rows a dataset has."""
    found = row_dict(
        tx.execute(sa.text("SELECT COUNT(*) AS rows FROM data_row WHERE dataset_id = :id"), {"id": dataset_id})
    )
    return int(found["rows"]) if found else 0
