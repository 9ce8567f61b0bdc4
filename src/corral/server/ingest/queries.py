"""Reads jobs: where they stand, what they made and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from corral.errors import AuthorisationError
from corral.server.access import rights
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import as_id
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.statements import Statement
from corral.vocabulary import LongPollingStatus

MAX_ERRORS = 10_000

_JOB = Statement(
    "SELECT j.id, j.status, j.title, j.folder_id, j.dataset_id FROM job j JOIN folder f ON f.id = j.folder_id"
    " WHERE j.id = :job_id AND j.organisation_id = :organisation_id"
    f" AND (j.user_id = :user_id OR {rights.folder_role('j.folder_id')} = 'admin')"
)
_COUNTS = Statement("SELECT state, COUNT(*) AS units FROM job_unit WHERE job_id = :job_id GROUP BY state")
_WAITING = Statement("SELECT COALESCE(SUM(units), 0) FROM job_request WHERE job_id = :job_id")
_DONE = Statement(
    "SELECT u.item_id, u.data_row_id, i.name, i.url FROM job_unit u JOIN item i ON i.id = u.item_id"
    " WHERE u.job_id = :job_id AND u.state = 'DONE' ORDER BY u.position"
)
_ERRORS = Statement(
    "SELECT id, spec, error FROM job_unit WHERE job_id = :job_id AND state = 'ERROR' ORDER BY position LIMIT :most"
)
_ACTIONS = {
    "imageGroup": "Creating an image group",
    "imageSequence": "Creating an image sequence",
    "dicomSeries": "Creating a DICOM series",
}


@dataclass(frozen=True)
class UnitFailure:
    """One unit that did not become an item."""

    unit_id: str
    urls: Sequence[str]
    error: str
    action: str


@dataclass(frozen=True)
class JobState:
    """Where a job stands. `made` holds (item id, data hash, name, source URL) of finished units at its end."""

    status: LongPollingStatus
    title: str | None
    pending: int
    done: int
    failed: int
    cancelled: int
    made: list[tuple[str, str | None, str, str | None]] = field(default_factory=list)
    failures: list[UnitFailure] = field(default_factory=list)


def find_job(
    caller: Caller, tx: Transaction, job_id: str, *, folder_id: str | None = None, dataset_id: str | None = None
) -> dict[str, Any]:
    """A job of the caller (or in a folder that they administer), of this folder or dataset.

    Raises AuthorisationError.
    """
    found = _JOB.first(tx, {**caller.scope, "job_id": as_id(job_id)})
    if found is None:
        raise AuthorisationError()
    if folder_id is not None and found["folder_id"] != as_id(folder_id):
        raise AuthorisationError()
    if dataset_id is not None and found["dataset_id"] != as_id(dataset_id):
        raise AuthorisationError()
    return found


_PARTS = Statement(
    "SELECT COALESCE(SUM(CASE WHEN part > 0 THEN 1 ELSE 0 END), 0) AS parts, COUNT(*) AS all_parts FROM job_request"
    " WHERE job_id = :job_id"
)


def waiting_parts(tx: Transaction, job_id: str) -> tuple[int, bool]:
    """How many parts of a sync wait to be read, and whether its bucket is still being listed."""
    row = _PARTS.first(tx, {"job_id": job_id})
    return (0, False) if row is None else (int(row["parts"]), int(row["all_parts"]) > int(row["parts"]))


_STATUS = Statement("SELECT status FROM job WHERE id = :job_id")


def is_over(tx: Transaction, job_id: str) -> bool:
    """Whether a job that `find_job` allowed has ended: cheap, to be asked again and again."""
    return bool(_STATUS.value(tx, {"job_id": as_id(job_id)}) != "PENDING")


def job_state(tx: Transaction, job: dict[str, Any]) -> JobState:
    """Counts, results and errors of a job that `find_job` gave."""
    counts = {row["state"]: row["units"] for row in _COUNTS.rows(tx, {"job_id": job["id"]})}
    status = LongPollingStatus(job["status"])
    waiting = int(_WAITING.value(tx, {"job_id": job["id"]}))
    done, failed, cancelled = (counts.get(state, 0) for state in ("DONE", "ERROR", "CANCELLED"))
    over = status is not LongPollingStatus.PENDING
    return JobState(
        status=status,
        title=job["title"],
        pending=waiting + sum(counts.values()) - done - failed - cancelled,
        done=done,
        failed=failed,
        cancelled=cancelled,
        made=[tuple(row) for row in _DONE.tuples(tx, {"job_id": job["id"]})] if over else [],
        failures=_failures(tx, job["id"]) if failed else [],
    )


def _failures(tx: Transaction, job_id: str) -> list[UnitFailure]:
    failures = []
    for row in _ERRORS.rows(tx, {"job_id": job_id, "most": MAX_ERRORS}):
        unit = UnitSpec.from_json(row["spec"])
        action = _ACTIONS.get(unit.kind, f"Reading the {unit.item_type.data_type.value.replace('_', ' ')}")
        failures.append(UnitFailure(row["id"], unit.urls, row["error"], action))
    return failures
