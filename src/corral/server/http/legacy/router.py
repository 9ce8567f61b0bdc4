"""Answers `POST /public`: reads the envelope, finds the operation, renders its answer or its error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from corral.errors import (
    CorralError,
    InvalidArgumentsError,
    MethodNotAllowedError,
    OperationNotBuiltError,
    PayloadTooLargeError,
    ServerError,
)
from corral.server.http import dispatch
from corral.server.http.bodies import read_body, read_json
from corral.server.http.caller import legacy_caller, request_digest
from corral.server.http.door import Door
from corral.server.http.house import Call, House
from corral.server.http.legacy.operations import OPERATIONS
from corral.server.http.operations import Operation, Stream

log = logging.getLogger(__name__)

_TABLE = {(operation.name, operation.method): operation for operation in OPERATIONS}


async def door(request: Request) -> Response:
    """One legacy request."""
    house: House = request.app.state.house
    try:
        if request.method != "POST":
            raise MethodNotAllowedError()
        body = await read_body(request, house.settings.limits.json_body_bytes)
        result = await _serve(request, house, body)
        if not isinstance(result, Stream):
            return _json({"status": 200, "response": result, "payload": None})
    except CorralError as error:
        return _failure(error)
    except Exception:
        log.exception("legacy request failed")
        return _failure(ServerError())
    return StreamingResponse(_enveloped(result.pieces), media_type="application/json")


async def _serve(request: Request, house: House, body: bytes) -> Any:
    envelope = read_json(body)
    values = envelope.get("values") if isinstance(envelope, dict) else None
    if not isinstance(values, dict):
        raise InvalidArgumentsError("The body must be an object with query_type, query_method and values.")
    operation = _find(envelope.get("query_type"), envelope.get("query_method"))
    call = Call(house, request_digest=request_digest(request, body) if operation.creates else "")
    call.dataset_id = request.headers.get("resourceid", "")
    call.uid = values.get("uid")
    payload = values.get("payload")
    return await dispatch.perform(
        house,
        operation,
        call,
        lambda: legacy_caller(request, body),
        lambda: operation.payload.from_wire(payload if payload is not None else {}) if operation.payload else payload,
    )


def _find(query_type: object, query_method: object) -> Operation:
    operation = _TABLE.get((str(query_type), str(query_method)))
    if operation is not None:
        return operation
    if any(name == query_type for name, _ in _TABLE):
        raise MethodNotAllowedError()
    raise OperationNotBuiltError(f"{query_type}/{query_method} is not an operation of this server.")


def _failure(error: CorralError) -> Response:
    # The client's message for most codes is fixed; for these the payload carries ours.
    status = error.status if isinstance(error, PayloadTooLargeError) else 200
    answer = {"status": error.status, "response": [error.code], "payload": error.message, "message": error.message}
    return _json(answer, status)


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


def _enveloped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield b'{"status":200,"payload":null,"response":'
    yield from pieces
    yield b"}"


routes = [Door("/public", door, exact=True), Door("/public/user", door, exact=True)]
