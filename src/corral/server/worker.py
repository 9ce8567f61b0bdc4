"""A worker process: works jobs off as long as its standard input is open (or, by itself, until it is stopped)."""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

from corral.server.database import Database
from corral.server.identifiers import new_id
from corral.server.ingest import roll
from corral.server.ingest.desk import Desk, open_desk
from corral.server.ingest.work import Workbench
from corral.server.settings import Settings

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
BEAT_SECONDS = 2.0


class Worker:
    """One worker with its line in the table of workers, which it renews while it lives."""

    def __init__(self, desk: Desk, over: Callable[[str], None]) -> None:
        self.id = new_id()
        self._desk = desk
        self._bench = Workbench(desk, self.id, over)
        self._stopped = threading.Event()
        roll.enter(desk.database, self.id, f"{os.uname().nodename}:{os.getpid()}")
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def run(self, wait: Callable[[float], bool]) -> None:
        """Work until `wait(seconds)`, called whenever nothing is to do, says False."""
        while True:
            try:
                if self._bench.round():
                    if not wait(0):
                        return
                    continue
            except sa.exc.OperationalError:
                log.warning("the database does not answer; trying again", exc_info=True)
            except Exception:
                log.exception("a batch failed; it will be taken up again")
                time.sleep(POLL_SECONDS)
            if not wait(POLL_SECONDS):
                return

    def close(self) -> None:
        """Give back what is held and leave."""
        self._stopped.set()
        self._bench.close()
        roll.forget(self._desk.database, self.id)

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            try:
                roll.renew(self._desk.database, self.id)
            except Exception:
                log.warning("no heartbeat could be written", exc_info=True)


def main() -> int:
    """Serve the parent: a line on standard input means that there is work, its end that it is time to go."""
    logging.basicConfig(level=logging.WARNING)
    os.nice(5)  # whoever waits for an answer of the server goes first
    settings = Settings.from_environment()
    desk = open_desk(settings, Database(settings.database_url))
    worker = Worker(desk, lambda job_id: print(job_id, flush=True))  # noqa: T201 - the parent listens
    print(worker.id, flush=True)  # noqa: T201
    try:
        worker.run(_parent_is_there)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        worker.close()
        desk.media.close()
    return 0


def _parent_is_there(seconds: float) -> bool:
    ready, _, _ = select.select([0], [], [], seconds)
    return not ready or bool(os.read(0, 4096))


if __name__ == "__main__":
    sys.exit(main())
