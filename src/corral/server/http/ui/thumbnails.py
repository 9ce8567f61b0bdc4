"""Serves small pictures of items, made once and kept below the home."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from corral.errors import CorralError
from corral.server.access.callers import Caller
from corral.server.datasets import gallery
from corral.server.http.house import House
from corral.server.http.ui import sessions
from corral.server.storage import item_queries
from corral.vocabulary import StorageItemType

PIXELS = 320


async def thumbnail(request: Request) -> Response:
    """A picture of at most 320 pixels, or a drawing of the kind where there is none."""
    caller = await sessions.caller_of(request)
    if caller is None:
        return Response(status_code=401)
    house: House = request.app.state.house
    try:
        path: Path = await run_in_threadpool(_make, house, caller, request.path_params["item"])
    except (CorralError, OSError):
        return RedirectResponse("/static/no-preview.svg", 302)
    mime = "image/png" if path.suffix == ".png" else "image/jpeg"
    return FileResponse(path, media_type=mime, headers={"Cache-Control": "private, max-age=86400"})


def _make(house: House, caller: Caller, item_id: str) -> Path:
    with house.database.read() as tx:
        item = item_queries.get_item(caller, tx, item_id)
        source = gallery.first_file(tx, item["id"])
    if source is None:
        raise CorralError("This item has no picture.")
    folder: Path = house.settings.home / "previews" / str(source["id"])[-2:]
    for kept in (folder / f"{source['id']}.jpg", folder / f"{source['id']}.png"):
        if kept.exists():
            return kept
    with house.desk.local_copy(source) as path:
        content, mime = house.desk.media.preview(str(path), StorageItemType(source["item_type"]), PIXELS)
    return _keep(folder / f"{source['id']}{'.png' if mime == 'image/png' else '.jpg'}", content)


def _keep(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    os.replace(draft, path)
    return path
