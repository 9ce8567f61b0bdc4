"""Serves the bytes of items that lie in customers' storage to the pages, with ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from corral.errors import CorralError
from corral.server.access.callers import Caller
from corral.server.http.blobs import safe_headers
from corral.server.http.house import House
from corral.server.http.ui import sessions
from corral.server.storage import item_queries
from corral.server.stores.source import OpenedObject

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_PIECE = 1 << 20


async def content(request: Request) -> Response:
    """GET an item's bytes, for whoever is signed in and may see it."""
    caller = await sessions.caller_of(request)
    if caller is None:
        return Response(status_code=401)
    house: House = request.app.state.house
    try:
        item, opened = await run_in_threadpool(_open, house, caller, request.path_params["item"])
    except (CorralError, OSError):
        return Response("This file cannot be read.", 404, media_type="text/plain")
    media_type = item["mime_type"] or "application/octet-stream"
    headers = {**safe_headers(media_type), "Accept-Ranges": "bytes"}
    start, end = 0, opened.size
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is not None and int(wanted[1]) < opened.size:
        start = int(wanted[1])
        end = min(opened.size, int(wanted[2]) + 1) if wanted[2] else opened.size
        headers["Content-Range"] = f"bytes {start}-{max(start, end) - 1}/{opened.size}"
    headers["Content-Length"] = str(max(0, end - start))
    status = 206 if "Content-Range" in headers else 200
    return StreamingResponse(_pieces(opened, start, end), status, headers, media_type)


def _open(house: House, caller: Caller, item_id: str) -> tuple[dict[str, Any], OpenedObject]:
    with house.database.read() as tx:
        item = item_queries.get_item(caller, tx, item_id)
    return item, house.desk.open(item)


def _pieces(opened: OpenedObject, start: int, end: int) -> Iterator[bytes]:
    with opened.file as file:
        file.seek(start)
        while start < end and (piece := file.read(min(_PIECE, end - start))):
            start += len(piece)
            yield piece
