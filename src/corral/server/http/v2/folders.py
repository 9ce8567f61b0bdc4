"""Folders at the REST door."""

from __future__ import annotations

import json
from typing import Any

from corral.errors import InvalidArgumentsError, OperationNotBuiltError, PayloadTooLargeError
from corral.records.storage import CreateFolder, ListFolders, MoveFolders, PatchFolder, PatchFoldersBulk
from corral.server.http import encoding
from corral.server.http.house import Call
from corral.server.ingest import syncing
from corral.server.ingest.unit_specs import check_title
from corral.server.storage import folder_commands, folder_queries


def create_folder(call: Call, payload: CreateFolder) -> dict[str, Any]:
    """POST storage/folders: a new folder at the root or below another."""
    synced = payload.cloud_synced_folder_params
    synced_with = None
    if synced is not None:
        synced_with = syncing.require_remote(
            call.caller, call.tx, call.house.desk, str(synced.integration_uuid), synced.remote_url
        )
    folder_id = folder_commands.create_folder(
        call.caller,
        call.tx,
        _name(call, payload.name),
        description=payload.description or "",
        client_metadata=_metadata_text(call, payload.client_metadata),
        parent_id=None if payload.parent is None else str(payload.parent),
        synced_with=synced_with,
    )
    return encoding.folder(folder_queries.get_folder(call.caller, call.tx, folder_id))


def get_folder(call: Call, _payload: None) -> dict[str, Any]:
    """GET storage/folders/{folder}: one folder."""
    return encoding.folder(folder_queries.get_folder(call.caller, call.tx, call.path["folder"]))


def list_root(call: Call, wanted: ListFolders) -> dict[str, Any]:
    """GET storage/folders: a page of the folders at the top."""
    return _page(call, None, wanted, recursive=False)


def search(call: Call, wanted: ListFolders) -> dict[str, Any]:
    """GET storage/search/folders: a page of all folders, wherever they lie."""
    return _page(call, None, wanted, recursive=True)


def list_below(call: Call, wanted: ListFolders) -> dict[str, Any]:
    """GET storage/folders/{folder}/folders: a page of the folders below this one."""
    return _page(call, call.path["folder"], wanted, recursive=wanted.is_recursive)


def _page(call: Call, parent_id: str | None, wanted: ListFolders, *, recursive: bool) -> dict[str, Any]:
    if wanted.organisation_tag_names_allof:
        raise OperationNotBuiltError("Filtering folders by organisation tags is not built yet.")
    found, token = folder_queries.list_folders(
        call.caller,
        call.tx,
        parent_id,
        folder_queries.FolderFilter(
            search=wanted.search,
            dataset_synced=wanted.dataset_synced,
            everyone=bool(wanted.include_org_access),
            recursive=recursive,
            order=wanted.order,
            descending=wanted.desc,
            page_token=wanted.page_token,
            page_size=wanted.page_size,
        ),
    )
    return encoding.page([encoding.folder(folder) for folder in found], token)


def summary(call: Call, _payload: None) -> dict[str, Any]:
    """GET storage/folders/{folder}/summary: counts and bytes."""
    return encoding.folder_summary(folder_queries.summary(call.caller, call.tx, call.path["folder"]))


def update_folder(call: Call, payload: PatchFolder) -> dict[str, Any]:
    """PATCH storage/folders/{folder}: change name, description or client metadata."""
    folder_id = folder_commands.update_folder(call.caller, call.tx, call.path["folder"], _changes(call, payload))
    return encoding.folder(folder_queries.get_folder(call.caller, call.tx, folder_id))


def update_many(call: Call, payload: PatchFoldersBulk) -> dict[str, Any]:
    """PATCH storage/folders/patch-bulk: change many folders, all or none."""
    ids = [
        folder_commands.update_folder(call.caller, call.tx, str(folder_id), _changes(call, patch))
        for folder_id, patch in payload.folder_patches.items()
    ]
    return encoding.page([encoding.folder(folder) for folder in folder_queries.many(call.caller, call.tx, ids)])


def move_folders(call: Call, payload: MoveFolders) -> None:
    """POST storage/folders/move: put folders below another one or at the root."""
    parent_id = None if payload.new_parent_uuid is None else str(payload.new_parent_uuid)
    folder_commands.move_folders(call.caller, call.tx, [str(uuid) for uuid in payload.folder_uuids], parent_id)


def delete_folder(call: Call, _payload: None) -> None:
    """DELETE storage/folders/{folder}: the folder and everything below it."""
    folder_commands.delete_folder(call.caller, call.tx, call.path["folder"])
    call.clean_store_after_commit()


def _changes(call: Call, patch: PatchFolder) -> dict[str, str]:
    changes = {}
    if patch.name is not None:
        changes["name"] = _name(call, patch.name)
    if patch.description is not None:
        changes["description"] = patch.description
    if patch.client_metadata is not None:
        changes["client_metadata"] = _metadata_text(call, json.dumps(patch.client_metadata))
    return changes


def _name(call: Call, name: str) -> str:
    if not name.strip():
        raise InvalidArgumentsError("A folder needs a name.")
    check_title(name, call.house.settings.limits.title_characters)
    return name


def _metadata_text(call: Call, text: str | None) -> str:
    if text is None:
        return "{}"
    limit = call.house.settings.limits.client_metadata_bytes
    if len(text) > limit:
        raise PayloadTooLargeError(f"Client metadata may have at most {limit} bytes.")
    try:
        value = json.loads(text)
    except ValueError:
        raise InvalidArgumentsError("clientMetadata must be JSON text.") from None
    if not isinstance(value, dict):
        raise InvalidArgumentsError("clientMetadata must be a JSON object.")
    return json.dumps(value)
