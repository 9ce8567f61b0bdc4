"""Reads request bodies within their limit, and JSON out of them."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from corral.errors import InvalidArgumentsError, PayloadTooLargeError


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises PayloadTooLargeError as soon as it is over `limit` bytes."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise PayloadTooLargeError(f"The body has {declared} bytes; at most {limit} are accepted.")
    if request.method == "GET" and declared == "0" and "transfer-encoding" not in request.headers:
        return b""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise PayloadTooLargeError(f"The body is over the limit of {limit} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def read_json(body: bytes) -> Any:
    """The JSON value in a body. Raises InvalidArgumentsError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidArgumentsError(f"The body is not valid JSON: {error}.") from None
