"""Jobs as their workers see them: what is to be done, for whom, into which folder; and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.ingest import ledger
from corral.server.ingest.settling import Target
from corral.server.statements import Statement

_ONE = Statement(
    "SELECT j.id, j.user_id, j.organisation_id, u.email, u.role, j.folder_id, j.dataset_id, j.status, j.ignore_errors,"
    " j.integration_id, j.is_unpacked, j.skip_duplicate_urls, j.upsert_metadata FROM job j"
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
_KEEP_PART = Statement("INSERT INTO job_request (job_id, part, content) VALUES (:job_id, :part, :content)")
_NEXT_PART = Statement("SELECT part, content FROM job_request WHERE job_id = :job_id ORDER BY part LIMIT 1")
_DROP_PART = Statement("DELETE FROM job_request WHERE job_id = :job_id AND part = :part")
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


def read(tx: Transaction, job_id: str) -> Job:
    """A job, with its owner as caller."""
    row = _ONE.first(tx, {"job_id": job_id})
    if row is None:
        raise LookupError(job_id)
    return Job(
        id=row["id"],
        caller=Caller(row["user_id"], row["organisation_id"], row["email"], row["role"]),
        target=Target(row["folder_id"], row["dataset_id"], row["integration_id"]),
        is_over=row["status"] != "PENDING",
        ignore_errors=bool(row["ignore_errors"]),
        is_unpacked=bool(row["is_unpacked"]),
        skip_duplicate_urls=bool(row["skip_duplicate_urls"]),
        upsert_metadata=bool(row["upsert_metadata"]),
    )


def unfinished(tx: Transaction) -> list[str]:
    """Jobs that are not over, oldest first."""
    return [str(job_id) for job_id in _UNFINISHED.column(tx, {})]


def insert(tx: Transaction, values: dict[str, Any]) -> None:
    """Write down a new job."""
    _INSERT.run(tx, values)


def keep_part(tx: Transaction, job_id: str, part: int, content: object) -> None:
    """Keep a part of what was asked for until its units are written down."""
    _KEEP_PART.run(tx, {"job_id": job_id, "part": part, "content": orjson.dumps(content)})


def take_part(tx: Transaction, job_id: str) -> dict[str, Any] | None:
    """Take the next part of what was asked for; None when nothing is left. The job must be locked."""
    row = _NEXT_PART.first(tx, {"job_id": job_id})
    if row is None:
        return None
    _DROP_PART.run(tx, {"job_id": job_id, "part": row["part"]})
    content: dict[str, Any] = orjson.loads(bytes(row["content"]))
    return content


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
    while (part := take_part(tx, job_id)) is not None:
        cancelled += ledger.write_cancelled(tx, job_id, part["first"], part["count"])
    return cancelled
