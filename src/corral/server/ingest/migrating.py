"""Points items to other objects or integrations, when a bucket was moved: all items of a call or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from corral.errors import AuthorisationError, CorralError, InvalidArgumentsError
from corral.server import clock
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.audit import record
from corral.server.database import Transaction
from corral.server.identifiers import as_id
from corral.server.ingest.desk import Desk
from corral.server.ingest.queueing import check_url
from corral.server.integrations import queries as integrations
from corral.server.integrations.sources import OpenedIntegration
from corral.server.statements import Statement
from corral.server.storage.item_commands import url_key

MOST_ITEMS = 1000
_AT_ONCE = 16
_COLUMNS = "i.id, i.name, i.url, i.object_key, i.integration_id"
_CHANGEABLE = f"i.organisation_id = :organisation_id AND {rights.folder_role('i.folder_id')} = 'admin'"
_BY_ID = Statement(f"SELECT {_COLUMNS} FROM item i WHERE i.id IN :ids[] AND {_CHANGEABLE}")
_BY_URL = Statement(f"SELECT {_COLUMNS} FROM item i WHERE i.url_key IN :keys[] AND {_CHANGEABLE} ORDER BY i.id")
_MOVE = Statement(
    "UPDATE item SET url = :url, url_key = :url_key, integration_id = :integration_id, storage_location = :location,"
    " etag = NULL, last_edited_at = :now WHERE id = :id AND url = :old_url AND integration_id = :old_integration"
)


@dataclass(frozen=True)
class Migration:
    """What a client asks: new URLs (None: the same) by item and by old URL."""

    items: Mapping[str, str | None]
    urls: Mapping[str, str | None]
    from_integration: str | None = None
    to_integration: str | None = None
    validate_access: bool = True
    skip_missing: bool = False


@dataclass(frozen=True)
class _Move:
    item: Mapping[str, Any]
    url: str
    integration: OpenedIntegration


def migrate(caller: Caller, desk: Desk, wanted: Migration) -> int:
    """Point items to other objects; returns how many. Nothing changes unless all can.

    Raises AuthorisationError for items or integrations that the caller may not change or use, InvalidArgumentsError
    for objects that cannot be read (unless `validate_access` is off) and URLs that do not fit their integration.
    """
    if len(wanted.items) + len(wanted.urls) > MOST_ITEMS:
        raise InvalidArgumentsError(f"One call moves at most {MOST_ITEMS} items; split it.")
    with desk.database.glance() as tx:
        if wanted.to_integration is not None:
            integrations.require_use(caller, tx, wanted.to_integration)
        found = [*_items_by_id(caller, tx, wanted), *_items_by_url(caller, tx, wanted)]
    moves = [_planned(desk, wanted, item, url) for item, url in found]
    if wanted.validate_access:
        with ThreadPoolExecutor(_AT_ONCE) as readers:
            list(readers.map(_require_readable, moves))
    with desk.database.write() as tx:
        for move in moves:
            _write(tx, move)
            detail = {"from": move.item["integration_id"], "to": move.integration.id}
            record(tx, caller.organisation_id, caller.user_id, "item.migrate", move.item["id"], detail)
    return len(moves)


def _items_by_id(caller: Caller, tx: Transaction, wanted: Migration) -> list[tuple[dict[str, Any], str | None]]:
    asked = {as_id(item_id): url for item_id, url in wanted.items.items()}
    found = {row["id"]: row for row in _BY_ID.rows(tx, {**caller.scope, "ids": list(asked)})}
    _require_all(wanted, [item_id for item_id in asked if item_id not in found])
    foreign = [row["name"] for row in found.values() if not _is_from(wanted, row)]
    if foreign:
        raise InvalidArgumentsError(f"{foreign[0]!r} does not lie behind the integration that was named as its place.")
    return [(row, asked[item_id]) for item_id, row in found.items()]


def _items_by_url(caller: Caller, tx: Transaction, wanted: Migration) -> list[tuple[dict[str, Any], str | None]]:
    keys = [url_key(url) for url in wanted.urls]
    rows = _BY_URL.rows(tx, {**caller.scope, "keys": keys}) if keys else []
    found = [(row, wanted.urls[row["url"]]) for row in rows if row["url"] in wanted.urls and _is_from(wanted, row)]
    present = {row["url"] for row, _ in found}
    _require_all(wanted, [url for url in wanted.urls if url not in present])
    return found


def _is_from(wanted: Migration, row: Mapping[str, Any]) -> bool:
    return wanted.from_integration is None or row["integration_id"] == as_id(wanted.from_integration)


def _require_all(wanted: Migration, missing: Sequence[str]) -> None:
    if missing and not wanted.skip_missing:
        raise AuthorisationError(f"Not found, or not yours to change: {', '.join(missing[:10])}.")


def _planned(desk: Desk, wanted: Migration, item: Mapping[str, Any], url: str | None) -> _Move:
    if item["url"] is None or item["integration_id"] is None:
        raise InvalidArgumentsError(f"{item['name']!r} lies in the platform's own store, not behind an integration.")
    new_url = url or item["url"]
    check_url(desk.limits, new_url)
    integration = desk.sources.get(as_id(wanted.to_integration or item["integration_id"]))
    integration.source.title(new_url)  # refuses a URL that is none of this integration's
    return _Move(item, new_url, integration)


def _require_readable(move: _Move) -> None:
    if move.integration.is_client_only:
        raise InvalidArgumentsError("A strict client-only integration cannot be verified; pass verify_access=False.")
    try:
        move.integration.source.open(move.url).file.close()
    except CorralError as error:
        raise InvalidArgumentsError(f"{error.message} Nothing was changed.") from None


def _write(tx: Transaction, move: _Move) -> None:
    values = {
        "id": move.item["id"],
        "old_url": move.item["url"],
        "old_integration": move.item["integration_id"],
        "url": move.url,
        "url_key": url_key(move.url),
        "integration_id": move.integration.id,
        "location": move.integration.location.value,
        "now": clock.now(),
    }
    if _MOVE.run(tx, values) != 1:
        raise InvalidArgumentsError(f"{move.item['name']!r} was changed meanwhile by somebody else; nothing was moved.")
