"""Carries a request from a door to its handler: who asks, in which transaction, and what a retry gets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from corral.errors import InvalidArgumentsError, OperationNotBuiltError
from corral.server import replays
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.http.caller import Lookup, Proof
from corral.server.http.house import Call, House
from corral.server.http.operations import Operation

Parse = Callable[[], Any]


# What drivers raise for texts that no database stores (a NUL, half of a surrogate pair).
_UNSTORABLE = (sa.exc.DataError, psycopg.DataError, UnicodeEncodeError)


async def perform(house: House, operation: Operation, call: Call, prove: Proof, parse: Parse) -> Any:
    """Run one operation and return what its handler returned. Raises CorralError."""
    try:
        return await _performed(house, operation, call, prove, parse)
    except _UNSTORABLE:
        raise InvalidArgumentsError("A value has characters or a size that cannot be stored.") from None


async def _performed(house: House, operation: Operation, call: Call, prove: Proof, parse: Parse) -> Any:
    if operation.waits and operation.handler is not None:
        look_up = prove()
        call.caller = await call.read(lambda: _caller(house, look_up))
        return await operation.handler(call, _parsed(parse))
    if operation.quick and house.database.is_sqlite:
        # A small statement on a local file is cheaper than the way to a thread and back.
        look_up = prove()
        with _at_once(house, operation) as tx:
            if tx is not None:
                call.caller = look_up(tx)
                return _handle(operation, call.inside(tx), parse)
    return await run_in_threadpool(_perform, house, operation, call, prove, parse)


def _at_once(house: House, operation: Operation) -> AbstractContextManager[Transaction | None]:
    return house.database.glance() if operation.transaction == "read" else house.database.write_if_free()


def _perform(house: House, operation: Operation, call: Call, prove: Proof, parse: Parse) -> Any:
    # Those who hold no key must not be able to hold the one writer: the signature is settled before it is taken.
    look_up = prove()
    if operation.transaction == "read":
        with house.database.read() as tx:
            call.caller = look_up(tx)
            return _handle(operation, call.inside(tx), parse)
    if operation.transaction == "own":
        call.caller = _caller(house, look_up)
        return _handle(operation, call, parse)
    with house.database.write(durable=operation.durable) as tx:
        call.caller = look_up(tx)
        result = _handle_once(operation, call.inside(tx), parse)
    for hook in call.after_commit:
        hook()
    return result


def _caller(house: House, look_up: Lookup) -> Caller:
    with house.database.glance() as tx:
        return look_up(tx)


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
