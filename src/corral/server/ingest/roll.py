"""The roll of workers: who is alive, and whose units may be taken by others."""

from __future__ import annotations

from corral.server import clock
from corral.server.database import Database
from corral.server.ingest import job_book
from corral.server.statements import Statement

# A worker that was not seen for this long is taken for dead.
DEAD_SECONDS = 15.0
_FORGET_SECONDS = 3600.0

_HELLO = Statement("INSERT INTO worker (id, place, started_at, seen_at) VALUES (:id, :place, :now, :now)")
_BEAT = Statement("UPDATE worker SET seen_at = :now WHERE id = :id")
_BYE = Statement("DELETE FROM worker WHERE id = :id")
_FORGET = Statement("DELETE FROM worker WHERE seen_at < :then")
_BYE_ALL = Statement("DELETE FROM worker")


def forget(database: Database, worker_id: str | None = None) -> None:
    """A worker (None: every one) is known to be dead: what it held may be taken by others at once."""
    with database.write() as tx:
        if worker_id is None:
            _BYE_ALL.run(tx, {})
        else:
            _BYE.run(tx, {"id": worker_id})
        job_book.release_orphans(tx, clock.after(-DEAD_SECONDS))


def enter(database: Database, worker_id: str, place: str) -> None:
    """A new worker; `place` names host and process for people."""
    with database.write() as tx:
        _HELLO.run(tx, {"id": worker_id, "place": place, "now": clock.now()})


def renew(database: Database, worker_id: str) -> None:
    """The worker is alive; those who are not lose what they held."""
    with database.write(durable=False) as tx:
        _BEAT.run(tx, {"id": worker_id, "now": clock.now()})
        _FORGET.run(tx, {"then": clock.after(-_FORGET_SECONDS)})
        job_book.release_orphans(tx, clock.after(-DEAD_SECONDS))
