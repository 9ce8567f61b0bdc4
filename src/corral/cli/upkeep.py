"""`corral sweep` removes what nobody will use; `corral worker` works jobs off in a process of its own."""

from __future__ import annotations

import argparse
import signal
import threading

from corral.errors import InvalidArgumentsError
from corral.server.app import open_house
from corral.server.app import sweep as sweep_house
from corral.server.database import Database
from corral.server.ingest.desk import open_desk
from corral.server.settings import Settings
from corral.server.worker import Worker


def sweep(arguments: argparse.Namespace) -> int:
    """Sweep one home and say what went."""
    settings = Settings.from_environment(home=arguments.home)
    house = open_house(settings, Database(settings.database_url))
    for what, count in sweep_house(house).items():
        print(f"{what.replace('_', ' ')}: {count}")
    house.desk.media.close()
    house.jobs.close()
    return 0


def work(arguments: argparse.Namespace) -> int:
    """Work jobs off until stopped: for more machines than the server's own (the database must be PostgreSQL)."""
    settings = Settings.from_environment(home=arguments.home)
    if settings.database_url.startswith("sqlite"):
        raise InvalidArgumentsError(
            "`corral serve` has workers of its own (--workers). Workers on more machines need PostgreSQL"
            " (CORRAL_DATABASE_URL)."
        )
    desk = open_desk(settings, Database(settings.database_url))
    worker = Worker(desk, over=lambda job_id: None)
    print(f"worker {worker.id} looks for jobs")
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    try:
        worker.run(lambda seconds: not stop.wait(seconds))
    finally:
        worker.close()
        desk.media.close()
    return 0
