"""Items at the REST door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from corral.errors import InvalidArgumentsError, OperationNotBuiltError, PayloadTooLargeError
from corral.records.storage import (
    DeleteItems,
    GetItemsBulk,
    ListItems,
    MigrateStorage,
    MoveItems,
    PatchItem,
    PatchItemsBulk,
    SignUrl,
    SignUrls,
)
from corral.server.http import encoding
from corral.server.http.house import Call
from corral.server.ingest import migrating
from corral.server.ingest.unit_specs import check_title
from corral.server.storage import item_commands, item_queries

Row = Mapping[str, Any]


def get_item(call: Call, wanted: SignUrl) -> dict[str, Any]:
    """GET storage/items/{item}: one item."""
    return _wire(call, item_queries.get_item(call.caller, call.tx, call.path["item"]), signed=wanted.sign_url)


def get_many(call: Call, wanted: GetItemsBulk) -> dict[str, Any]:
    """POST storage/items/get-bulk: items in the order asked for."""
    found = item_queries.many(call.caller, call.tx, [str(uuid) for uuid in wanted.item_uuids])
    return encoding.page([_wire(call, item, signed=wanted.sign_urls) for item in found])


def list_items(call: Call, wanted: ListItems) -> dict[str, Any]:
    """GET storage/folders/{folder}/items: a page of a folder's items."""
    return _page(call, call.path["folder"], wanted, recursive=wanted.is_recursive)


def search(call: Call, wanted: ListItems) -> dict[str, Any]:
    """GET storage/search/items: a page of all items, wherever they lie."""
    return _page(call, None, wanted, recursive=True)


def _page(call: Call, folder_id: str | None, wanted: ListItems, *, recursive: bool) -> dict[str, Any]:
    found, token = item_queries.list_items(
        call.caller,
        call.tx,
        folder_id,
        item_queries.ItemFilter(
            search=wanted.search,
            in_dataset=wanted.is_in_dataset,
            item_types=wanted.item_types,
            everyone=bool(wanted.include_org_access),
            recursive=recursive,
            order=wanted.order,
            descending=wanted.desc,
            page_token=wanted.page_token,
            page_size=wanted.page_size,
        ),
    )
    results = []
    for item in found:
        wire = _wire(call, item, signed=wanted.sign_urls)
        if not wanted.include_client_metadata:
            wire["clientMetadata"] = "{}"
        elif wanted.client_metadata_as_signed_url:
            wire["clientMetadata"] = ""
            wire["clientMetadataSignedUrl"] = _metadata_url(call, item)
        results.append(wire)
    return encoding.page(results, token)


def _metadata_url(call: Call, item: Row) -> str:
    seconds = call.house.settings.limits.signed_url_seconds
    return call.house.signer.sign("GET", f"/metadata/{item['id']}", seconds=seconds)


def children(call: Call, wanted: SignUrls) -> dict[str, Any]:
    """GET storage/folders/{folder}/items/{item}/child-items: the parts of a composite in their order."""
    parts = item_queries.parts(call.caller, call.tx, call.path["item"])
    return encoding.page([_wire(call, part, signed=wanted.sign_urls) for part in parts])


def usage(call: Call, _payload: None) -> dict[str, Any]:
    """GET storage/folders/{folder}/items/{item}/summary: which groups and datasets hold the item."""
    return encoding.item_usage(item_queries.usage(call.caller, call.tx, call.path["item"]))


def update_item(call: Call, patch: PatchItem) -> dict[str, Any]:
    """PATCH storage/folders/{folder}/items/{item}: change name, description, metadata or settings."""
    item_id = item_commands.update_item(call.caller, call.tx, call.path["item"], _changes(call, patch))
    return _wire(call, item_queries.get_item(call.caller, call.tx, item_id), signed=False)


def update_many(call: Call, payload: PatchItemsBulk) -> dict[str, Any]:
    """PATCH storage/items/patch-bulk: change many items, all or none."""
    ids = [
        item_commands.update_item(call.caller, call.tx, str(item_id), _changes(call, patch))
        for item_id, patch in payload.item_patches.items()
    ]
    found = item_queries.many(call.caller, call.tx, ids)
    return encoding.page([_wire(call, item, signed=False) for item in found])


def move_items(call: Call, payload: MoveItems) -> None:
    """POST storage/folders/{folder}/items/move: put items into another folder."""
    item_commands.move_items(
        call.caller,
        call.tx,
        call.path["folder"],
        str(payload.new_parent_uuid),
        [str(uuid) for uuid in payload.item_uuids],
        leave_mirror=payload.allow_synced_dataset_move,
    )


def delete_items(call: Call, payload: DeleteItems) -> dict[str, int]:
    """POST storage/folders/{folder}/items/delete: delete items, from every dataset too."""
    removed = item_commands.delete_items(
        call.caller,
        call.tx,
        call.path["folder"],
        [str(uuid) for uuid in payload.child_uuids],
        with_parts=payload.remove_unused_frames,
    )
    call.clean_store_after_commit()
    return {"removedItemsCount": removed, "removedFoldersCount": 0}


def migrate_storage(call: Call, payload: MigrateStorage) -> None:
    """POST storage/items/migrate-storage: point items to other objects, all or none."""
    migrating.migrate(
        call.caller,
        call.house.desk,
        migrating.Migration(
            items={str(item_id): url for item_id, url in payload.items_map.items()},
            urls=payload.urls_map,
            from_integration=None if payload.from_integration_hash is None else str(payload.from_integration_hash),
            to_integration=None if payload.to_integration_hash is None else str(payload.to_integration_hash),
            validate_access=payload.validate_access,
            skip_missing=payload.skip_missing,
        ),
    )


def _wire(call: Call, item: Row, *, signed: bool) -> dict[str, Any]:
    url = call.signed_get(item) if signed else None
    return encoding.item(item, url)


def _changes(call: Call, patch: PatchItem) -> dict[str, str | None]:
    given = patch.model_fields_set
    if given & {"scene_view_settings", "scene_layout"}:
        raise OperationNotBuiltError("Scene view settings and layouts are not built yet.")
    changes: dict[str, str | None] = {}
    if patch.name is not None:
        if not patch.name.strip():
            raise InvalidArgumentsError("An item needs a name.")
        check_title(patch.name, call.house.settings.limits.title_characters)
        changes["name"] = patch.name
    if patch.description is not None:
        changes["description"] = patch.description
    if patch.client_metadata is not None:
        changes["client_metadata"] = json.dumps(patch.client_metadata)
        limit = call.house.settings.limits.client_metadata_bytes
        if len(changes["client_metadata"] or "") > limit:
            raise PayloadTooLargeError(f"Client metadata may have at most {limit} bytes.")
    if "timeseries_settings" in given:
        settings = patch.timeseries_settings
        changes["timeseries_settings"] = None if settings is None else json.dumps(settings.to_wire())
    return changes
