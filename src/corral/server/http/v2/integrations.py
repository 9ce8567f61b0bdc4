"""Integrations at the REST door: what the vendor's protocol has no requests for, under `corral/`."""

from __future__ import annotations

import json
from typing import Any

from corral.records.integrations import AddIntegration, ReadObject, RotateIntegration
from corral.server.http.house import Call
from corral.server.integrations import commands, queries


def list_all(call: Call, _payload: None) -> dict[str, Any]:
    """GET corral/integrations: the integrations given to the caller, with their settings and without credentials."""
    found = queries.list_integrations(call.caller, call.tx, everyone=call.caller.is_admin)
    return {"results": [_wire(row) for row in found], "nextPageToken": None}


def add(call: Call, payload: AddIntegration) -> dict[str, Any]:
    """POST corral/integrations: a new integration; administrators only."""
    house = call.house
    integration_id = commands.add(
        call.caller,
        call.tx,
        house.settings,
        house.desk.sources.vault,
        title=payload.title,
        kind=payload.kind,
        values=payload.values,
        is_client_only=payload.is_client_only,
        url_seconds=payload.url_seconds,
    )
    return _wire(queries.require_use(call.caller, call.tx, integration_id))


def rotate(call: Call, payload: RotateIntegration) -> dict[str, Any]:
    """PATCH corral/integrations/{integration}: other credentials, and settings where they are named."""
    house, integration_id = call.house, call.path["integration"]
    commands.rotate(call.caller, call.tx, house.settings, house.desk.sources.vault, integration_id, payload.values)
    return _wire(queries.require_use(call.caller, call.tx, integration_id))


def remove(call: Call, _payload: None) -> None:
    """DELETE corral/integrations/{integration}: an integration that nothing uses any more."""
    commands.remove(call.caller, call.tx, call.path["integration"])


def read_object(call: Call, payload: ReadObject) -> dict[str, int]:
    """POST corral/integrations/{integration}/test: read the beginning of one object and tell its size."""
    with call.house.database.glance() as tx:
        integration = queries.require_use(call.caller, tx, call.path["integration"])
    opened = call.house.desk.sources.get(integration["id"]).source.open(payload.object_url)
    with opened.file as file:
        file.read(1)
    return {"size": opened.size}


def _wire(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "uuid": row["id"],
        "title": row["title"],
        "kind": row["kind"],
        "settings": json.loads(row["settings"]),
        "isClientOnly": bool(row["is_client_only"]),
        "urlSeconds": row["url_seconds"],
        "createdAt": row["created_at"],
        "lastEditedAt": row["last_edited_at"],
    }
