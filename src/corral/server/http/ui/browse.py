"""The pages that show datasets, their rows and single items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from corral.errors import CorralError
from corral.server import paging
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.datasets import gallery, queries, rows
from corral.server.http.house import House
from corral.server.http.ui import sessions
from corral.server.http.ui.pages import show
from corral.server.storage import item_queries

PAGE = 48
_TEXT_BYTES = 64 * 1024

Read = Callable[[House, Caller, Transaction, Request], Mapping[str, Any]]


def page(template: str, read: Read) -> Callable[[Request], Any]:
    """An endpoint: check the session, read in one transaction, render."""

    async def endpoint(request: Request) -> Response:
        caller = await sessions.caller_of(request)
        if caller is None:
            return sessions.to_sign_in(request)
        frame = {"caller": caller, "form_token": sessions.form_token(request)}
        try:
            values = await run_in_threadpool(_read, request, caller, read)
        except CorralError as error:
            return show("problem.html", {**frame, "problem": error.message}, status=error.status)
        return show(template, {**frame, **values})

    return endpoint


def _read(request: Request, caller: Caller, read: Read) -> Mapping[str, Any]:
    house: House = request.app.state.house
    with house.database.read() as tx:
        return read(house, caller, tx, request)


async def home(_request: Request) -> Response:
    """The first page is the list of datasets."""
    return RedirectResponse("/datasets", 303)


def read_datasets(_house: House, caller: Caller, tx: Transaction, request: Request) -> Mapping[str, Any]:
    """The list of datasets, a page at a time."""
    search = request.query_params.get("search", "").strip()
    found = gallery.datasets(
        caller,
        tx,
        search=paging.contains(search) if search else None,
        after=request.query_params.get("after"),
        limit=PAGE + 1,
    )
    return {"datasets": found[:PAGE], "after": found[PAGE - 1]["id"] if len(found) > PAGE else None, "search": search}


def read_dataset(house: House, caller: Caller, tx: Transaction, request: Request) -> Mapping[str, Any]:
    """A dataset with the first rows of its gallery."""
    dataset = queries.get_dataset(caller, tx, request.path_params["dataset"])
    _, users = queries.list_users(caller, tx, dataset["id"])
    return {
        "dataset": dataset,
        "row_count": rows.count(tx, dataset["id"]),
        "users": users,
        **read_rows(house, caller, tx, request),
    }


def read_rows(_house: House, caller: Caller, tx: Transaction, request: Request) -> Mapping[str, Any]:
    """The next rows of a gallery."""
    dataset = queries.get_dataset(caller, tx, request.path_params["dataset"])
    search = request.query_params.get("search", "").strip()
    after = request.query_params.get("after", "")
    pattern = paging.contains(search) if search else None
    found = gallery.rows(tx, dataset["id"], search=pattern, after=after, limit=PAGE + 1)
    more = found[PAGE - 1]["data_hash"] if len(found) > PAGE else None
    return {"dataset": dataset, "rows": found[:PAGE], "after": more, "search": search}


def read_item(house: House, caller: Caller, tx: Transaction, request: Request) -> Mapping[str, Any]:
    """One item: its content, its facts, its metadata and where it is used."""
    item = item_queries.get_item(caller, tx, request.path_params["item"])
    return {
        "item": item,
        "url": _local_url(house, item),
        "parts": item_queries.parts(caller, tx, item["id"]),
        "usage": item_queries.usage(caller, tx, item["id"]),
        "text": _text(house, item),
    }


def _local_url(house: House, item: Mapping[str, Any]) -> str | None:
    if item["integration_id"] is not None and item["url"] is not None:
        return f"/content/{item['id']}"  # the page shows what comes from this server only
    url = house.signed_get(item)
    if url is None:
        return None
    # Without the address: the page may have been reached by another name of this server.
    return url.removeprefix(house.settings.public_url)


def _text(house: House, item: Mapping[str, Any]) -> str | None:
    if item["item_type"] not in ("plainText", "timeseries"):
        return None
    try:
        with house.desk.open(item).file as file:
            data = file.read(_TEXT_BYTES)
    except (OSError, CorralError):
        return None
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return data.decode(encoding, "replace")
