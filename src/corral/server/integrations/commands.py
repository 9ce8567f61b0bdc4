"""Changes integrations: add, rotate credentials, remove."""

from __future__ import annotations

import json
from collections.abc import Mapping

from corral.errors import AuthorisationError, InvalidArgumentsError, OperationNotAllowed, ResourceNotFoundError
from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.audit import record
from corral.server.database import Transaction
from corral.server.identifiers import as_id, new_id
from corral.server.integrations import kinds, queries
from corral.server.settings import Settings
from corral.server.statements import Statement
from corral.server.vault import Vault

_LONGEST_URL_SECONDS = 7 * 24 * 3600  # what S3 signs at most
_INSERT = Statement(
    "INSERT INTO integration (id, organisation_id, title, kind, settings, credentials, is_client_only, url_seconds,"
    " creator_id, created_at, last_edited_at) VALUES (:id, :organisation_id, :title, :kind, :settings, :credentials,"
    " :is_client_only, :url_seconds, :user_id, :now, :now)"
)
_GRANT = Statement(
    "INSERT INTO integration_grant (user_id, integration_id, role) VALUES (:user_id, :id, :role)"
    " ON CONFLICT (user_id, integration_id) DO UPDATE SET role = excluded.role"
)
_ROTATE = Statement(
    "UPDATE integration SET settings = :settings, credentials = :credentials, last_edited_at = :now WHERE id = :id"
)
_USED = Statement(
    "SELECT (SELECT COUNT(*) FROM item WHERE integration_id = :id)"
    " + (SELECT COUNT(*) FROM job WHERE integration_id = :id AND status = 'PENDING')"
)
_FORGET_JOBS = Statement("UPDATE job SET integration_id = NULL WHERE integration_id = :id")
_DELETE = Statement("DELETE FROM integration WHERE id = :id")


def add(
    caller: Caller,
    tx: Transaction,
    server: Settings,
    vault: Vault,
    *,
    title: str,
    kind: str,
    values: Mapping[str, str],
    is_client_only: bool = False,
    url_seconds: int | None = None,
) -> str:
    """A new integration, given to the caller; returns its id. Raises AuthorisationError, InvalidArgumentsError."""
    _require_admin(caller)
    if not title.strip():
        raise InvalidArgumentsError("An integration needs a title.")
    seconds = server.limits.signed_url_seconds if url_seconds is None else url_seconds
    if not 1 <= seconds <= _LONGEST_URL_SECONDS:
        raise InvalidArgumentsError(f"Signed URLs can last between 1 and {_LONGEST_URL_SECONDS} seconds.")
    settings, credentials = kinds.check(server, kind, values)
    integration_id = new_id()
    _INSERT.run(
        tx,
        {
            **caller.scope,
            "id": integration_id,
            "title": title,
            "kind": kind,
            "settings": json.dumps(settings),
            "credentials": vault.lock(credentials) if credentials else None,
            "is_client_only": is_client_only,
            "url_seconds": seconds,
            "now": clock.now(),
        },
    )
    _GRANT.run(tx, {"user_id": caller.user_id, "id": integration_id, "role": "admin"})
    record(tx, caller.organisation_id, caller.user_id, "integration.add", integration_id, {"kind": kind})
    return integration_id


def rotate(
    caller: Caller, tx: Transaction, server: Settings, vault: Vault, integration_id: str, values: Mapping[str, str]
) -> None:
    """Replace the credentials (and the settings that are named); items stay. Raises as `add` does."""
    _require_admin(caller)
    found = _known(caller, tx, integration_id)
    settings, credentials = kinds.check(server, found["kind"], {**json.loads(found["settings"]), **values})
    _ROTATE.run(
        tx,
        {
            "id": found["id"],
            "settings": json.dumps(settings),
            "credentials": vault.lock(credentials) if credentials else None,
            "now": clock.now(),
        },
    )
    record(tx, caller.organisation_id, caller.user_id, "integration.rotate", found["id"])


def remove(caller: Caller, tx: Transaction, integration_id: str) -> None:
    """Delete an integration. Raises OperationNotAllowed while items or unfinished jobs need it."""
    _require_admin(caller)
    found = _known(caller, tx, integration_id)
    used = _USED.value(tx, {"id": found["id"]})
    if used:
        raise OperationNotAllowed(
            f"{used} items or unfinished jobs use this integration. Delete them or move them to another one first."
        )
    _FORGET_JOBS.run(tx, {"id": found["id"]})
    _DELETE.run(tx, {"id": found["id"]})
    record(tx, caller.organisation_id, caller.user_id, "integration.remove", found["id"])


def _known(caller: Caller, tx: Transaction, integration_id: str) -> queries.Row:
    found = queries.find(tx, as_id(integration_id))
    if found is None or found["organisation_id"] != caller.organisation_id:
        raise ResourceNotFoundError(f"There is no integration {integration_id}.")
    return found


def _require_admin(caller: Caller) -> None:
    if not caller.is_admin:
        raise AuthorisationError("Only administrators of the organisation change integrations.")
