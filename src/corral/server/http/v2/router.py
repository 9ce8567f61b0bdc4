"""Answers everything below `/v2/public`: finds the operation by path, renders its answer or its error."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from corral.errors import (
    CorralError,
    InvalidArgumentsError,
    MethodNotAllowedError,
    OperationNotBuiltError,
    RateLimitExceededError,
    ServerError,
)
from corral.records.record import Record
from corral.server.http import dispatch
from corral.server.http.bodies import read_body, read_json
from corral.server.http.caller import request_digest, v2_caller
from corral.server.http.door import Door
from corral.server.http.house import Call, House
from corral.server.http.operations import Operation
from corral.server.http.v2.operations import OPERATIONS

log = logging.getLogger(__name__)

PREFIX = "/v2/public/"
_Tree = dict[str, Any]


def _build(operations: tuple[Operation, ...]) -> _Tree:
    tree: _Tree = {}
    for operation in operations:
        node = tree
        for segment in operation.name.split("/"):
            node = node.setdefault("{" if segment.startswith("{") else segment, {})
        node.setdefault("", {})[operation.method] = operation
    return tree


_TREE = _build(OPERATIONS)


def find(method: str, raw_path: str) -> tuple[Operation, list[str]]:
    """The operation for a raw (still percent-encoded) path, and the decoded values of its placeholders.

    Fixed words win over placeholders. Raises OperationNotBuiltError, MethodNotAllowedError.
    """
    node, values = _TREE, []
    for segment in raw_path.rstrip("/").split("/"):
        if segment in node and segment:
            node = node[segment]
        elif "{" in node and segment:
            node = node["{"]
            values.append(unquote(segment))
        else:
            raise OperationNotBuiltError(f"{method} {raw_path} is not an operation of this server.")
    verbs = node.get("")
    if not verbs:
        raise OperationNotBuiltError(f"{method} {raw_path} is not an operation of this server.")
    if method not in verbs:
        raise MethodNotAllowedError()
    return verbs[method], values


async def door(request: Request) -> Response:
    """One REST request."""
    house: House = request.app.state.house
    try:
        raw = (request.scope.get("raw_path") or request.scope["path"].encode()).decode("latin-1")
        operation, values = find(request.method, raw[len(PREFIX) :])
        body = await read_body(request, house.settings.limits.json_body_bytes)
        call = Call(house, request_digest=request_digest(request, body) if operation.creates else "")
        call.path = dict(zip(operation.placeholders, values, strict=True))
        result = await dispatch.perform(
            house,
            operation,
            call,
            lambda: v2_caller(request, body, house.settings.limits),
            lambda: _payload(request, operation, body),
        )
        return Response(orjson.dumps(result), media_type="application/json")
    except CorralError as error:
        return _failure(error)
    except Exception:
        log.exception("%s %s failed", request.method, request.url.path)
        return _failure(ServerError())


def _payload(request: Request, operation: Operation, body: bytes) -> Any:
    if operation.payload is None:
        return None
    if request.method == "GET" or operation.in_query:
        return operation.payload.from_wire(_query(request, operation.payload))
    data = read_json(body) if body else {}
    if not isinstance(data, dict):
        raise InvalidArgumentsError("The body must be a JSON object.")
    return operation.payload.from_wire(data)


def _query(request: Request, record: type[Record]) -> dict[str, Any]:
    query = request.scope.get("query_string", b"").decode("latin-1")
    if not query:
        return {}
    lists, values = _lists(record), dict[str, Any]()
    for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=10_000):
        if "\0" in value:
            raise InvalidArgumentsError(f"{name} has a character that cannot be stored.")
        if name in lists:
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    return values


@cache
def _lists(record: type[Record]) -> frozenset[str]:
    """The wire names of the fields that may be given more than once."""
    return frozenset(
        info.alias or name
        for name, info in record.model_fields.items()
        if list in {get_origin(kind) or kind for kind in (info.annotation, *get_args(info.annotation))}
    )


def _failure(error: CorralError) -> Response:
    headers = {}
    if isinstance(error, RateLimitExceededError) and error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    content = orjson.dumps({"message": error.message, "code": error.code})
    return Response(content, error.status, headers, media_type="application/json")


routes = [Door(PREFIX, door)]
