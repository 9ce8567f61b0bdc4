"""Carries a request from a door to its handler: who asks, in which transaction, and what a retry gets."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from corral.errors import InvalidArgumentsError, OperationNotBuiltError
from corral.server import replays
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.http.house import Call, House
from corral.server.http.operations import Operation

Authenticate = Callable[[Transaction], Caller]
Parse = Callable[[], Any]


async def perform(house: House, operation: Operation, call: Call, authenticate: Authenticate, parse: Parse) -> Any:
    """Run one operation and return what its handler returned. Raises CorralError."""
    if inspect.iscoroutinefunction(operation.handler):
        call.caller = await call.read(lambda: _authenticate(house, authenticate))
        return await operation.handler(call, _parsed(parse))
    if operation.quick and house.database.is_sqlite:
        # A point read from a local file is cheaper than the way to a thread and back.
        with house.database.glance() as tx:
            call.caller = authenticate(tx)
            return _handle(operation, call.inside(tx), parse)
    return await run_in_threadpool(_perform, house, operation, call, authenticate, parse)


def _perform(house: House, operation: Operation, call: Call, authenticate: Authenticate, parse: Parse) -> Any:
    if operation.transaction == "read":
        with house.database.read() as tx:
            call.caller = authenticate(tx)
            return _handle(operation, call.inside(tx), parse)
    # Strangers must not be able to hold the one writer: who asks is settled before it is taken.
    call.caller = _authenticate(house, authenticate)
    if operation.transaction == "own":
        return _handle(operation, call, parse)
    with house.database.write(durable=operation.durable) as tx:
        result = _handle_once(operation, call.inside(tx), parse)
    for hook in call.after_commit:
        hook()
    return result


def _authenticate(house: House, authenticate: Authenticate) -> Caller:
    with house.database.glance() as tx:
        return authenticate(tx)


def _handle(operation: Operation, call: Call, parse: Parse) -> Any:
    if operation.handler is None:
        raise OperationNotBuiltError(f"{operation.method} {operation.name} ({operation.summary}) is not built yet.")
    return operation.handler(call, _parsed(parse))


def _handle_once(operation: Operation, call: Call, parse: Parse) -> Any:
    if not operation.creates or not call.request_digest:
        return _handle(operation, call, parse)
    earlier = replays.find(call.tx, call.request_digest)
    if earlier is not None:
        return orjson.loads(earlier)
    result = _handle(operation, call, parse)
    replays.keep(call.tx, call.request_digest, call.caller.user_id, orjson.dumps(result).decode())
    return result


def _parsed(parse: Parse) -> Any:
    try:
        return parse()
    except ValidationError as error:
        raise InvalidArgumentsError(_readable(error)) from None


def _readable(error: ValidationError) -> str:
    problems = [f"{'.'.join(str(part) for part in one['loc']) or 'body'}: {one['msg']}" for one in error.errors()[:10]]
    return "; ".join(problems) + "."
