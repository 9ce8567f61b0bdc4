"""Reads integrations: which there are and which the caller may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corral.errors import AuthorisationError
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import as_id
from corral.server.statements import Statement

Row = dict[str, Any]

_COLUMNS = (
    "n.id, n.organisation_id, n.title, n.kind, n.settings, n.credentials, n.is_client_only, n.url_seconds,"
    " n.created_at, n.last_edited_at"
)
_ONE = Statement(f"SELECT {_COLUMNS} FROM integration n WHERE n.id = :integration_id")
_VISIBLE = Statement(
    f"SELECT {_COLUMNS}, {rights.integration_role('n.id')} AS role FROM integration n"
    f" WHERE n.id = :integration_id AND {rights.integration_visible('n')}"
)
_LISTED = (
    f"SELECT {_COLUMNS} FROM integration n WHERE n.organisation_id = :organisation_id"
    f" AND (:everyone OR {rights.integration_granted('n.id')})"
)


def find(tx: Transaction, integration_id: str) -> Row | None:
    """An integration, for work that has been allowed already."""
    return _ONE.first(tx, {"integration_id": integration_id})


def require_use(caller: Caller, tx: Transaction, integration_id: str) -> Row:
    """The integration, if the caller may register data with it. Raises AuthorisationError."""
    found = _VISIBLE.first(tx, {**caller.scope, "integration_id": as_id(integration_id)})
    if found is None:
        raise AuthorisationError()
    if found["role"] != "admin":
        raise AuthorisationError("You may look at this integration but not register data with it.")
    return found


def list_integrations(
    caller: Caller,
    tx: Transaction,
    *,
    ids: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
    everyone: bool = False,
) -> list[Row]:
    """The integrations given to the caller (for an administrator who asks for everyone's, all), by title.

    Both filters must hold where both are given.
    """
    sql, values = _LISTED, {**caller.scope, "everyone": everyone and caller.is_admin}
    if ids is not None:
        sql, values["ids"] = f"{sql} AND n.id IN :ids[]", [str(one) for one in ids]
    if titles is not None:
        sql, values["titles"] = f"{sql} AND n.title IN :titles[]", list(titles)
    return Statement(f"{sql} ORDER BY n.title, n.id").rows(tx, values)
