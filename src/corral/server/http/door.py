"""A way into the application for one prefix of paths, without the parts of a route that a door has no use for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Door(BaseRoute):
    """Hands every request whose path begins with `prefix`, whatever its method, to `answer`.

    Answers render their own errors, so the wrapping that Starlette puts around an endpoint would be in vain; on the
    way of a point read it costs as much as the query.
    """

    def __init__(self, prefix: str, answer: Callable[[Request], Awaitable[Response]], *, exact: bool = False) -> None:
        self._prefix = prefix
        self._answer = answer
        self._exact = exact

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Full for the door's paths."""
        path: str = scope.get("path", "")
        fits = path == self._prefix if self._exact else path.startswith(self._prefix)
        return (Match.FULL if fits and scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)
