"""Datasets and data rows at the legacy door. Answers are snake_case here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from corral.errors import InvalidArgumentsError, InvalidDateFormatError, PayloadTooLargeError
from corral.records.access import AddDatasetUsers
from corral.records.record import parse_moment
from corral.server import clock
from corral.server.datasets import commands, queries, rows
from corral.server.http.house import Call
from corral.server.http.operations import Stream, begun
from corral.server.identifiers import known_id
from corral.server.ingest.unit_specs import check_title
from corral.vocabulary import DataLinkDuplicatesBehavior, DatasetUserRole, DatasetUserRoleV2, DataType, StorageLocation

_ROLE_NUMBER = {
    DatasetUserRoleV2.ADMIN.value: DatasetUserRole.ADMIN,
    DatasetUserRoleV2.USER.value: DatasetUserRole.USER,
}


def get_dataset(call: Call, payload: Any) -> Stream:
    """dataset/GET: the dataset, with all its data rows unless they are not wanted."""
    settings = _object(_object(payload).get("dataset_access_settings"))
    with call.house.database.read() as tx:
        dataset = queries.get_dataset(call.caller, tx, call.dataset_id)
    head = {
        "dataset_hash": dataset["id"],
        "title": dataset["title"],
        "description": dataset["description"],
        "dataset_type": StorageLocation.CORD_STORAGE.get_str(),
        "backing_folder_uuid": dataset["backing_folder_id"],
    }
    pieces: Iterator[bytes] = iter([b"[]"])
    if settings.get("fetch_rows", True):
        with_metadata = bool(settings.get("fetch_client_metadata"))
        pieces = begun(
            rows.rows_json(call.house.database, dataset["id"], rows.RowFilter(), with_metadata=with_metadata)
        )
    return Stream(_with_rows(orjson.dumps(head), pieces))


def _with_rows(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head[:-1] + b',"data_rows":'
    yield from pieces
    yield b"}"


def list_rows(call: Call, payload: Any) -> Stream:
    """datarows/GET: the data rows that fit all filters."""
    fields = _object(payload)
    wanted = rows.RowFilter(
        title_eq=_text(fields, "title_eq"),
        title_like=_text(fields, "title_like"),
        created_before=_moment(fields, "created_before"),
        created_after=_moment(fields, "created_after"),
        data_types=_data_types(fields.get("data_types")),
        data_hashes=_hashes(fields.get("data_hashes")),
    )
    with call.house.database.read() as tx:
        dataset = queries.get_dataset(call.caller, tx, call.dataset_id)
    with_metadata = bool(_object(fields.get("dataset_access_settings")).get("fetch_client_metadata"))
    return Stream(begun(rows.rows_json(call.house.database, dataset["id"], wanted, with_metadata=with_metadata)))


def get_row(call: Call, payload: Any) -> dict[str, Any]:
    """datarow/GET: one data row, with what `additional_data` asks for."""
    wanted = _object(_object(payload).get("additional_data"))
    row = rows.get_row(call.caller, call.tx, str(call.uid), with_metadata=bool(wanted.get("client_metadata")))
    wire = row.wire
    if wanted.get("signed_url"):
        wire["signed_url"] = call.signed_get(row.item)
    options = wanted.get("images_data_fetch_options")
    if options is not None and wire["data_type"] == DataType.IMG_GROUP.to_upper_case_string():
        signed = bool(_object(options).get("fetch_signed_urls"))
        wire["images_data"] = [
            rows.image_wire(image, call.signed_get(image) if signed else None)
            for image in rows.images(call.tx, row.item_id)
        ]
    return wire


def save_row(call: Call, payload: Any) -> dict[str, Any]:
    """datarow/POST: set the title or the client metadata of the item behind a row."""
    fields = _object(payload)
    unknown = set(fields) - {"data_title", "client_metadata"}
    if unknown:
        raise InvalidArgumentsError(f"A data row has no field {', '.join(sorted(unknown))} that can be saved.")
    changes = {}
    if "data_title" in fields:
        changes["name"] = _title(call, fields["data_title"])
    if "client_metadata" in fields:
        changes["client_metadata"] = metadata_text(call, fields["client_metadata"])
    commands.update_row(call.caller, call.tx, str(call.uid), changes)
    row = rows.get_row(call.caller, call.tx, str(call.uid), with_metadata=True)
    return {"updated_fields": list(fields), "data_row": row.wire}


def add_users(call: Call, payload: AddDatasetUsers) -> list[dict[str, Any]]:
    """datasetusers/POST: share the dataset; members keep the role they have."""
    role = DatasetUserRoleV2.ADMIN if payload.user_role is DatasetUserRole.ADMIN else DatasetUserRoleV2.USER
    added = commands.add_users(call.caller, call.tx, call.dataset_id, payload.user_emails, role.value)
    return [
        {"user_email": email, "user_role": int(_ROLE_NUMBER[given]), "dataset_hash": call.dataset_id}
        for email, given in added
    ]


def link_items(call: Call, payload: Any) -> list[dict[str, Any]]:
    """datasetlinkitems/POST: make items data rows; answers with the rows of all items, in their order."""
    fields = _object(payload)
    item_ids = fields.get("item_uuids")
    if not isinstance(item_ids, list):
        raise InvalidArgumentsError("item_uuids must be a list of identifiers.")
    try:
        duplicates = DataLinkDuplicatesBehavior(fields.get("duplicates_behavior") or "SKIP")
    except ValueError:
        raise InvalidArgumentsError("duplicates_behavior must be SKIP, DUPLICATE or FAIL.") from None
    hashes = commands.link_items(call.caller, call.tx, call.dataset_id, item_ids, duplicates)
    return rows.get_rows(call.caller, call.tx, hashes)


def delete_rows(call: Call, _payload: Any) -> bool:
    """video/DELETE: take data rows out of the dataset."""
    hashes = call.uid if isinstance(call.uid, list) else [call.uid]
    commands.delete_rows(call.caller, call.tx, call.dataset_id, [str(data_hash) for data_hash in hashes])
    call.clean_store_after_commit()
    return True


def rename_rows(call: Call, payload: Any) -> dict[str, bool]:
    """video/POST: rename data rows."""
    if not isinstance(payload, list):
        raise InvalidArgumentsError("The payload must be a list of {video_hash, title}.")
    titles = {str(_object(entry).get("video_hash")): _title(call, _object(entry).get("title")) for entry in payload}
    return {"success": commands.rename_rows(call.caller, call.tx, call.dataset_id, titles)}


def metadata_text(call: Call, metadata: object) -> str:
    """Client metadata as it is stored. Raises InvalidArgumentsError, PayloadTooLargeError."""
    text = json.dumps(_object(metadata))
    limit = call.house.settings.limits.client_metadata_bytes
    if len(text) > limit:
        raise PayloadTooLargeError(f"Client metadata may have at most {limit} bytes.")
    return text


def _title(call: Call, title: object) -> str:
    if not isinstance(title, str) or not title:
        raise InvalidArgumentsError("A title must be text that is not empty.")
    check_title(title, call.house.settings.limits.title_characters)
    return title


def _object(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidArgumentsError("Expected a JSON object here.")
    return value


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidArgumentsError(f"{name} must be text.")
    if value is not None and "\0" in value:
        raise InvalidArgumentsError(f"{name} has a character that cannot be stored.")
    return value


def _moment(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    moment = parse_moment(value)
    if not isinstance(moment, datetime):
        raise InvalidDateFormatError(f"{name} is not a date: {value!r}. Use ISO 8601.")
    return clock.as_text(moment)


def _hashes(given: object) -> list[str] | None:
    """Data hashes in canonical form; what is none matches nothing."""
    if given is None:
        return None
    if not isinstance(given, list):
        raise InvalidArgumentsError("data_hashes must be a list.")
    return [known for one in given if (known := known_id(one)) is not None]


def _data_types(names: object) -> list[DataType] | None:
    if names is None:
        return None
    if not isinstance(names, list):
        raise InvalidArgumentsError("data_types must be a list.")
    return [DataType.from_upper_case_string(str(name)) for name in names]
