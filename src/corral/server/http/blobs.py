"""Serves signed URLs of the local store: PUT into an upload slot, GET with ranges, client metadata as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from corral.errors import AuthorisationError, CorralError, InvalidArgumentsError, ResourceNotFoundError
from corral.server.http.house import House
from corral.server.ingest import slots
from corral.server.stores.directory import DirectorySource

# Media of any origin may be shown, but a stored page must never run scripts in the name of this server.
_ACTIVE_TYPES = re.compile(r"(text/(html|xml)|application/(xhtml\+xml|xml)|image/svg\+xml)", re.IGNORECASE)
_COMMON_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


class BlobResponse(FileResponse):
    """A stored object; Starlette answers ranges, larger chunks make it fast."""

    chunk_size = 1 << 20


async def blob(request: Request) -> Response:
    """GET, HEAD or PUT one object by signed URL."""
    house: House = request.app.state.house
    key = request.path_params["key"]
    try:
        if request.method == "PUT":
            return await _put(request, house, key)
        return await _get(request, house, key)
    except CorralError as error:
        return JSONResponse({"message": error.message}, error.status, headers={"Access-Control-Allow-Origin": "*"})


async def _get(request: Request, house: House, key: str) -> Response:
    house.signer.check("GET", f"/blobs/{key}", request.query_params)
    try:
        path = house.store.path(key)
    except FileNotFoundError:
        raise ResourceNotFoundError("This object does not exist any more.") from None
    return blob_response(path, request.query_params.get("type"), request.query_params.get("name"))


def blob_response(path: Path, mime_type: str | None, filename: str | None) -> Response:
    """The file as a response that browsers show but never run."""
    media_type = mime_type or "application/octet-stream"
    return BlobResponse(
        path,
        media_type=media_type,
        filename=filename,
        content_disposition_type="inline",
        headers=safe_headers(media_type),
    )


def safe_headers(media_type: str) -> dict[str, str]:
    """Headers with which a browser shows a file of somebody's but never runs it."""
    headers = dict(_COMMON_HEADERS)
    if _ACTIVE_TYPES.match(media_type):
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return headers


async def source_file(request: Request) -> Response:
    """GET or HEAD a file of a directory that Corral reads in place, by signed URL."""
    house: House = request.app.state.house
    integration, below = request.path_params["integration"], request.path_params["path"]
    try:
        house.signer.check("GET", f"/sources/{integration}/{below}", request.query_params)
        path = await run_in_threadpool(_path_in_place, house, integration, below)
    except CorralError as error:
        return JSONResponse({"message": error.message}, error.status, headers={"Access-Control-Allow-Origin": "*"})
    return blob_response(path, request.query_params.get("type"), request.query_params.get("name"))


def _path_in_place(house: House, integration: str, below: str) -> Path:
    source = house.desk.sources.get(integration).source
    if not isinstance(source, DirectorySource):
        raise ResourceNotFoundError("This object does not exist any more.")
    opened = source.open(source.local_url(below))
    opened.file.close()
    return Path(os.path.realpath(str(opened.path)))


async def _put(request: Request, house: House, key: str) -> Response:
    house.signer.check("PUT", f"/blobs/{key}", request.query_params)
    limit = house.settings.limits.upload_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise InvalidArgumentsError(f"This upload is larger than the limit of {limit} bytes.")
    is_open = _is_open(house, key) if house.database.is_sqlite else await run_in_threadpool(_is_open, house, key)
    if not is_open:
        raise AuthorisationError("This upload slot was used already or has expired. Ask for a new one.")
    try:
        await house.store.write(key, _stream(request, declared), limit)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is listening; the draft is gone
    return Response(status_code=200, headers={"Access-Control-Allow-Origin": "*"})


async def _stream(request: Request, declared: str) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        yield chunk
    if declared.isdigit() and size != int(declared):
        raise InvalidArgumentsError(f"The upload ended after {size} of {declared} bytes.")


def _is_open(house: House, key: str) -> bool:
    with house.database.glance() as tx:
        return slots.is_open(tx, key)


async def preflight(request: Request) -> Response:
    """Let browsers of any origin use signed URLs: the URL itself is the authority."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, HEAD, PUT",
        "Access-Control-Allow-Headers": "*",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers=headers)


async def metadata(request: Request) -> Response:
    """The client metadata of one item as JSON, by signed URL."""
    house: House = request.app.state.house
    item_id = request.path_params["item_id"]
    try:
        house.signer.check("GET", f"/metadata/{item_id}", request.query_params)
        text = await run_in_threadpool(_client_metadata, house, item_id)
    except CorralError as error:
        return JSONResponse({"message": error.message}, error.status)
    return Response(text, media_type="application/json", headers={"Access-Control-Allow-Origin": "*"})


def _client_metadata(house: House, item_id: str) -> str:
    with house.database.read() as tx:
        found = tx.execute(sa.text("SELECT client_metadata FROM item WHERE id = :id"), {"id": item_id}).scalar()
    if found is None:
        raise ResourceNotFoundError("This item does not exist any more.")
    return str(found)


routes = [
    Route("/blobs/{key:path}", blob, methods=["GET", "HEAD", "PUT"]),
    Route("/blobs/{key:path}", preflight, methods=["OPTIONS"]),
    Route("/sources/{integration}/{path:path}", source_file, methods=["GET", "HEAD"]),
    Route("/sources/{integration}/{path:path}", preflight, methods=["OPTIONS"]),
    Route("/metadata/{item_id}", metadata, methods=["GET"]),
]
