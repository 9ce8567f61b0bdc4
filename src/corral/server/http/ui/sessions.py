"""Signs people in to the pages: a one-time link becomes a cookie, forms carry a token of that cookie."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from corral.errors import AuthenticationError
from corral.server.access import callers
from corral.server.access.callers import Caller
from corral.server.http.house import House
from corral.server.http.ui.pages import show

COOKIE = "corral_session"
SESSION_SECONDS = 7 * 24 * 3600


async def caller_of(request: Request) -> Caller | None:
    """The user of this browser, if signed in."""
    secret = request.cookies.get(COOKIE)
    if not secret:
        return None
    house: House = request.app.state.house
    return await run_in_threadpool(_look_up, house, secret)


def _look_up(house: House, secret: str) -> Caller | None:
    with house.database.read() as tx:
        return callers.by_session(tx, secret)


def form_token(request: Request) -> str:
    """What a form must carry to prove that it came from one of our pages."""
    secret = request.cookies.get(COOKIE, "")
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def to_sign_in(request: Request) -> Response:
    """Send somebody who is not signed in to the page that says how."""
    return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)


async def sign_in(request: Request) -> Response:
    """Trade a one-time link for a cookie, or say how to get a link."""
    house: House = request.app.state.house
    link = request.query_params.get("link")
    if not link:
        return show("sign_in.html", {"problem": None})
    try:
        secret = await run_in_threadpool(_redeem, house, link)
    except AuthenticationError as error:
        return show("sign_in.html", {"problem": error.message}, status=401)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="lax",
        secure=house.settings.public_url.startswith("https://"),
    )
    return response


def _redeem(house: House, link: str) -> str:
    with house.database.write() as tx:
        return callers.redeem_link(tx, link, SESSION_SECONDS)


async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    house: House = request.app.state.house
    form = await request.form()
    if not hmac.compare_digest(str(form.get("token", "")), form_token(request)):
        return show("sign_in.html", {"problem": "This form is out of date; go back and try again."}, status=403)
    secret = request.cookies.get(COOKIE, "")
    await run_in_threadpool(_end, house, secret)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


def _end(house: House, secret: str) -> None:
    with house.database.write() as tx:
        callers.end_session(tx, secret)
