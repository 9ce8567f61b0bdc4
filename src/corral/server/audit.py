"""Writes down who changed what, in the transaction of the change itself."""

from __future__ import annotations

import json
from collections.abc import Mapping

import sqlalchemy as sa

from corral.server import clock
from corral.server.database import Transaction
from corral.server.identifiers import new_id

_INSERT = sa.text(
    "INSERT INTO audit_event (id, organisation_id, user_id, action, object_id, detail, created_at)"
    " VALUES (:id, :organisation_id, :user_id, :action, :object_id, :detail, :now)"
)


def record(
    tx: Transaction,
    organisation_id: str,
    user_id: str,
    action: str,
    object_id: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Note one change. `detail` must hold no secret."""
    tx.execute(
        _INSERT,
        {
            "id": new_id(),
            "organisation_id": organisation_id,
            "user_id": user_id,
            "action": action,
            "object_id": object_id,
            "detail": json.dumps(detail or {}),
            "now": clock.now(),
        },
    )
