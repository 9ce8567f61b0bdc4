"""Builds the ASGI application of one Corral server and runs its background care."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from functools import partial

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from corral.server import replays
from corral.server.database import Database
from corral.server.http import blobs
from corral.server.http.house import House
from corral.server.http.legacy import router as legacy
from corral.server.http.ui import router as ui
from corral.server.http.v2 import router as v2
from corral.server.ingest import job_book, syncing
from corral.server.ingest.desk import open_desk
from corral.server.ingest.roll import forget
from corral.server.jobs import JobRunner
from corral.server.settings import Settings
from corral.server.storage import removal
from corral.version import __version__

log = logging.getLogger(__name__)

SWEEP_SECONDS = 600
# A draft that was not written to for this long belongs to an upload that died.
STALE_DRAFT_SECONDS = 24 * 3600


def open_house(settings: Settings, database: Database) -> House:
    """Put everything that requests need together. Raises InvalidArgumentsError for a store it cannot use."""
    desk = open_desk(settings, database)
    jobs = JobRunner(settings.workers, _worker_environment(settings), partial(forget, database))
    return House(settings, database, desk.store, desk.signer, desk, jobs)


def _worker_environment(settings: Settings) -> dict[str, str]:
    """What worker processes must be told of settings that came from the command line."""
    return {
        "CORRAL_HOME": str(settings.home),
        "CORRAL_DATABASE_URL": settings.database_url,
        "CORRAL_STORE_URL": settings.store_url,
        "CORRAL_PUBLIC_URL": settings.public_url,
    }


def create_app(house: House) -> Starlette:
    """The application; the house is opened before and closed with it."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if house.database.is_sqlite:
            forget(house.database)  # this server holds the home alone, so every worker of before is dead
        with house.database.read() as tx:
            unfinished = job_book.unfinished(tx)
        if unfinished:
            house.jobs.wake()
        care = asyncio.create_task(_take_care(house))
        try:
            yield
        finally:
            care.cancel()
            house.jobs.close()
            house.desk.media.close()
            house.database.close()

    routes = [
        Route("/healthz", healthz, methods=["GET"]),
        *legacy.routes,
        *v2.routes,
        *blobs.routes,
        *ui.routes,
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.house = house
    return app


async def healthz(request: Request) -> Response:
    """200 when the server can answer, which includes its database."""
    house: House = request.app.state.house
    try:
        await run_in_threadpool(_touch_database, house)
    except sa.exc.SQLAlchemyError:
        return JSONResponse({"status": "database unavailable"}, 503)
    return JSONResponse({"status": "ok", "version": __version__})


def _touch_database(house: House) -> None:
    with house.database.read() as tx:
        tx.execute(sa.text("SELECT 1"))


async def _take_care(house: House) -> None:
    while True:
        try:
            await run_in_threadpool(sweep, house)
            if house.settings.sync_hours:
                await run_in_threadpool(syncing.start_due, house.desk, house.jobs, house.settings.sync_hours)
        except Exception:
            log.exception("the sweep failed; it runs again in %s s", SWEEP_SECONDS)
        await asyncio.sleep(SWEEP_SECONDS)


def sweep(house: House) -> dict[str, int]:
    """Remove what nobody will use: expired slots with their bytes, drafts of dead uploads, old answers."""
    with house.database.write() as tx:
        expired = removal.doom_expired_slots(tx)
        replays.forget_old(tx)
    deleted = removal.delete_doomed_objects(house.database, house.store)
    drafts = house.store.sweep(STALE_DRAFT_SECONDS)
    return {"expired_slots": expired, "deleted_objects": deleted, "stale_drafts": drafts}
