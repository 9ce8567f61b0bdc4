"""Jobs as their workers see them: what is to be done, for whom, into which folder; and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Transaction, is_sqlite
from corral.server.ingest import ledger
from corral.server.ingest.settling import Target
from corral.server.statements import Statement

_ONE = Statement(
    "SELECT j.id, j.user_id, j.organisation_id, u.email, u.role, j.folder_id, j.dataset_id, j.status, j.ignore_errors,"
    " j.integration_id, j.is_unpacked, j.scan, j.skip_duplicate_urls, j.upsert_metadata FROM job j"
    " JOIN corral_user u ON u.id = j.user_id WHERE j.id = :job_id"
)
_UNFINISHED = Statement("SELECT id FROM job WHERE status = 'PENDING' ORDER BY id")
_INSERT = Statement(
    "INSERT INTO job (id, organisation_id, user_id, dataset_id, folder_id, title, status, ignore_errors,"
    " skip_duplicate_urls, upsert_metadata, integration_id, is_unpacked, created_at, finished_at)"
    " VALUES (:id, :organisation_id, :user_id, :dataset_id, :folder_id, :title, :status, :ignore_errors,"
    " :skip_duplicate_urls, :upsert_metadata, :integration_id, :is_unpacked, :now, :finished_at)"
)
_END = Statement("UPDATE job SET status = :status, finished_at = :now WHERE id = :id AND status = 'PENDING'")
_UNPACKED = Statement("UPDATE job SET is_unpacked = :true WHERE id = :id")
_KEEP_PART = Statement(
    "INSERT INTO job_request (job_id, part, units, content) VALUES (:job_id, :part, :units, :content)"
)
# Parts from here on need what the parts before them made, so they come when those are done.
LAST_PARTS = 1_000_000_000
_CLAIM_PART = (
    "UPDATE job_request SET worker_id = :worker_id, attempts = attempts + 1 WHERE job_id = :job_id AND part ="
    " (SELECT part FROM job_request WHERE job_id = :job_id AND worker_id IS NULL"
    f" AND (part < {LAST_PARTS} OR NOT EXISTS"
    f" (SELECT 1 FROM job_request o WHERE o.job_id = :job_id AND o.part < {LAST_PARTS}))"
    " ORDER BY part LIMIT 1{0})"
    " RETURNING part, content, attempts"
)
_CLAIM_PARTS = {
    True: Statement(_CLAIM_PART.format("")),
    False: Statement(_CLAIM_PART.format(" FOR UPDATE SKIP LOCKED")),
}
_FINISH_PART = Statement("DELETE FROM job_request WHERE job_id = :job_id AND part = :part AND worker_id = :worker_id")
_HOLD_PART = Statement(
    "UPDATE job_request SET worker_id = :worker_id WHERE job_id = :job_id AND part = :part AND worker_id = :worker_id"
)
_ANY_PART = Statement("SELECT 1 FROM job_request WHERE job_id = :job_id LIMIT 1")
_ALL_PARTS = Statement("SELECT part, content FROM job_request WHERE job_id = :job_id ORDER BY part")
_ORPHANS = Statement(
    "UPDATE job_request SET worker_id = NULL WHERE worker_id IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM worker w WHERE w.id = job_request.worker_id AND w.seen_at > :alive_since)"
)
_DROP_PARTS = Statement("DELETE FROM job_request WHERE job_id = :job_id")
_LOCK = Statement("SELECT id FROM job WHERE id = :id FOR UPDATE")


@dataclass(frozen=True)
class Job:
    """A job as its workers see it."""

    id: str
    caller: Caller
    target: Target
    is_over: bool
    ignore_errors: bool
    is_unpacked: bool
    skip_duplicate_urls: bool
    upsert_metadata: bool
    is_sync: bool = False


def read(tx: Transaction, job_id: str) -> Job:
    """A job, with its owner as caller."""
    row = _ONE.first(tx, {"job_id": job_id})
    if row is None:
        raise LookupError(job_id)
    return Job(
        id=row["id"],
        caller=Caller(row["user_id"], row["organisation_id"], row["email"], row["role"]),
        target=Target(
            row["folder_id"],
            row["dataset_id"],
            row["integration_id"],
            synced_by=None if row["scan"] is None else row["id"],
        ),
        is_over=row["status"] != "PENDING",
        ignore_errors=bool(row["ignore_errors"]),
        is_unpacked=bool(row["is_unpacked"]),
        skip_duplicate_urls=bool(row["skip_duplicate_urls"]),
        upsert_metadata=bool(row["upsert_metadata"]),
        is_sync=row["scan"] is not None,
    )


def unfinished(tx: Transaction) -> list[str]:
    """Jobs that are not over, oldest first."""
    return [str(job_id) for job_id in _UNFINISHED.column(tx, {})]


def insert(tx: Transaction, values: dict[str, Any]) -> None:
    """Write down a new job."""
    _INSERT.run(tx, values)


def keep_part(tx: Transaction, job_id: str, part: int, content: dict[str, Any]) -> None:
    """Keep a part of what was asked for until its units are written down."""
    values = {"job_id": job_id, "part": part, "units": content["count"], "content": orjson.dumps(content)}
    _KEEP_PART.run(tx, values)


@dataclass(frozen=True)
class Part:
    """A part of what was asked for, held by one worker."""

    number: int
    content: dict[str, Any]
    attempts: int


def claim_part(tx: Transaction, job_id: str, worker_id: str) -> Part | None:
    """Take the next part of what was asked for; None when every one is taken."""
    row = _CLAIM_PARTS[is_sqlite(tx)].first(tx, {"job_id": job_id, "worker_id": worker_id})
    return None if row is None else Part(row["part"], orjson.loads(bytes(row["content"])), row["attempts"])


def finish_part(tx: Transaction, job_id: str, part: Part, worker_id: str) -> bool:
    """The part's units are written down in this transaction; False if it was given away or cancelled meanwhile."""
    return _FINISH_PART.run(tx, {"job_id": job_id, "part": part.number, "worker_id": worker_id}) == 1


def holds_part(tx: Transaction, job_id: str, part: Part, worker_id: str) -> bool:
    """Whether the worker still holds the part; it does to the end of this transaction."""
    return _HOLD_PART.run(tx, {"job_id": job_id, "part": part.number, "worker_id": worker_id}) == 1


def has_parts(tx: Transaction, job_id: str) -> bool:
    """Whether anything that was asked for is not written down yet."""
    return _ANY_PART.value(tx, {"job_id": job_id}) is not None


def release_orphans(tx: Transaction, alive_since: str) -> int:
    """Give back the parts and units of workers that were not seen since then; returns how many."""
    return _ORPHANS.run(tx, {"alive_since": alive_since}) + ledger.release_orphans(tx, alive_since)


def lock(tx: Transaction, job_id: str) -> None:
    """Let one worker at a time change the job itself (on SQLite there is one writer anyway)."""
    if tx.dialect.name != "sqlite":
        _LOCK.run(tx, {"id": job_id})


def set_unpacked(tx: Transaction, job_id: str) -> None:
    """Every unit is written down."""
    _UNPACKED.run(tx, {"id": job_id, "true": True})


def end(tx: Transaction, job_id: str, status: str) -> None:
    """End a job that is not over yet."""
    _DROP_PARTS.run(tx, {"job_id": job_id})
    _END.run(tx, {"id": job_id, "status": status, "now": clock.now()})


def cancel(tx: Transaction, job_id: str) -> int:
    """End a job where it stands; returns how many units were cancelled."""
    lock(tx, job_id)
    cancelled = ledger.drop_open_units(tx, job_id) + _waiting_units(tx, job_id)
    end(tx, job_id, "CANCELLED")
    return cancelled


def _waiting_units(tx: Transaction, job_id: str) -> int:
    """Units that were asked for but never written down: they become lines of the ledger, so that counts are right."""
    cancelled = 0
    for row in _ALL_PARTS.rows(tx, {"job_id": job_id}):
        part = orjson.loads(bytes(row["content"]))
        if not part["count"]:  # the scan of a sync
            continue
        cancelled += ledger.write_cancelled(tx, job_id, part["first"], part["count"])
    return cancelled
