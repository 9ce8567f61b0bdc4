"""How the doors describe an operation: data, so that routing, documentation and tests read the same table."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from corral.server.http.house import Call

Handler = Callable[[Call, Any], Any] | Callable[[Call, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Operation:
    """One thing a client can ask for.

    `method` and `name` are the HTTP method and path of the REST door, or the query method and query type of the
    legacy door. `transaction` says what the door opens around the handler: "read", "write", or "own" when the
    handler opens its own. `durable` is off where a power cut may lose what was answered
    (see Database.write). `quick` is for a point read, or a small write that need not be durable: it may run on the
    event loop. `creates` makes an automatic retry get the first answer again.
    """

    method: str
    name: str
    summary: str
    handler: Handler | None = None
    payload: Any = None
    transaction: str = "read"
    creates: bool = False
    durable: bool = True
    quick: bool = False
    in_query: bool = False

    @cached_property
    def waits(self) -> bool:
        """Whether the handler is a coroutine: it waits without holding a thread."""
        return inspect.iscoroutinefunction(self.handler)

    @cached_property
    def placeholders(self) -> list[str]:
        """The names in the braces of a REST path, in order."""
        return [segment[1:-1] for segment in self.name.split("/") if segment.startswith("{")]


@dataclass(frozen=True)
class Stream:
    """An answer that comes in pieces of JSON, so that a large listing never lies in memory whole."""

    pieces: Iterator[bytes]


def begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first one made already: what goes wrong at the start still becomes a proper error."""
    return chain([next(pieces)], pieces)
