"""The unit ledger: which units a job has and how far each one is. It is the truth about every job.

A unit goes PENDING → RUNNING → PROBED → DONE; ERROR and CANCELLED end it as well. PROBED units have their facts
written down but no item yet: with `ignore_errors` they become items at once, without it only when all are well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import new_id
from corral.server.ingest import slots
from corral.server.ingest.probing import Probed
from corral.server.ingest.settling import Target, settle_units
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.media.facts import Facts
from corral.server.statements import Statement

MAX_ATTEMPTS = 3
BATCH = 50

_INSERT = Statement(
    "INSERT INTO job_unit (id, job_id, position, state, spec, error, item_id, data_row_id)"
    " VALUES (:id, :job_id, :position, :state, :spec, :error, :item_id, :row_id)"
)
_OPEN = sa.text(
    "SELECT id, spec, attempts FROM job_unit WHERE job_id = :job_id AND state IN ('PENDING', 'RUNNING')"
    f" ORDER BY position LIMIT {BATCH}"
)
_TAKE = sa.text("UPDATE job_unit SET state = 'RUNNING', attempts = attempts + 1 WHERE id = :id")
_NEXT = Statement("SELECT MAX(position) + 1 FROM job_unit WHERE job_id = :job_id")
_PROBED = Statement("UPDATE job_unit SET state = 'PROBED', spec = :spec, facts = :facts WHERE id = :id")
_DONE = Statement("UPDATE job_unit SET state = 'DONE', item_id = :item_id, data_row_id = :row_id WHERE id = :id")
_FAILED = sa.text("UPDATE job_unit SET state = 'ERROR', error = :error WHERE id = :id")
_READY = Statement(
    "SELECT id, spec, facts FROM job_unit WHERE job_id = :job_id AND state = 'PROBED' ORDER BY position LIMIT 500"
)
_OPEN_STATES = "('PENDING', 'RUNNING', 'PROBED')"


@dataclass(frozen=True)
class Outcome:
    """A unit as it is first written down: waiting, or over already."""

    spec: UnitSpec
    state: str
    error: str | None = None
    item_id: str | None = None
    data_row_id: str | None = None


@dataclass(frozen=True)
class LedgerUnit:
    """A unit as the ledger holds it."""

    id: str
    spec: UnitSpec
    attempts: int = 0


@dataclass(frozen=True)
class LedgerJob:
    """A job as the worker sees it."""

    id: str
    caller: Caller
    target: Target
    is_over: bool


def write_units(tx: Transaction, job_id: str, units: Sequence[Outcome], first: int = 0) -> list[str]:
    """Write the units of a job, in their order from position `first` on; returns their ids."""
    rows = [
        {
            "id": new_id(),
            "job_id": job_id,
            "position": position,
            "state": unit.state,
            "spec": unit.spec.to_json(),
            "error": unit.error,
            "item_id": unit.item_id,
            "row_id": unit.data_row_id,
        }
        for position, unit in enumerate(units, first)
    ]
    _INSERT.run_many(tx, rows)
    return [str(row["id"]) for row in rows]


def read_job(tx: Transaction, job_id: str) -> LedgerJob:
    """The job, with its owner as caller."""
    row = tx.execute(
        sa.text(
            "SELECT j.id, j.user_id, j.organisation_id, u.email, u.role, j.folder_id, j.dataset_id, j.status FROM job j"
            " JOIN corral_user u ON u.id = j.user_id WHERE j.id = :job_id"
        ),
        {"job_id": job_id},
    ).one()
    caller = Caller(row.user_id, row.organisation_id, row.email, row.role)
    return LedgerJob(row.id, caller, Target(row.folder_id, row.dataset_id), row.status != "PENDING")


def take_batch(tx: Transaction, job_id: str) -> list[LedgerUnit]:
    """Mark the next units as running and count the attempt; a unit that was tried too often fails."""
    taken = []
    for unit_id, spec, attempts in tx.execute(_OPEN, {"job_id": job_id}).fetchall():
        unit = LedgerUnit(unit_id, UnitSpec.from_json(spec), attempts + 1)
        if attempts >= MAX_ATTEMPTS:
            note(tx, job_id, unit, f"Reading this file stopped the server {MAX_ATTEMPTS} times; it was given up.")
            continue
        tx.execute(_TAKE, {"id": unit_id})
        taken.append(unit)
    return taken


def note(tx: Transaction, job_id: str, unit: LedgerUnit, outcome: list[Probed] | str) -> None:
    """Write down the facts of a unit, or why it failed; a unit that became several gets more lines in the ledger."""
    if isinstance(outcome, str):
        tx.execute(_FAILED, {"id": unit.id, "error": outcome})
        slots.release(tx, unit.spec)
        return
    first, *others = outcome
    if others:
        rows = [Outcome(other.unit, "PROBED") for other in others]
        ids = write_units(tx, job_id, rows, first=int(_NEXT.value(tx, {"job_id": job_id})))
        for other_id, other in zip(ids, others, strict=True):
            _write_facts(tx, other_id, other)
    _write_facts(tx, unit.id, first)


def _write_facts(tx: Transaction, unit_id: str, probed: Probed) -> None:
    facts = {
        "files": [fact.to_json() for fact in probed.facts],
        "product": probed.product.to_json() if probed.product else None,
    }
    _PROBED.run(tx, {"id": unit_id, "spec": probed.unit.to_json(), "facts": json.dumps(facts)})


def _read_facts(row: dict[str, Any]) -> Probed:
    facts = json.loads(row["facts"])
    product = Facts.from_json(facts["product"]) if facts["product"] else None
    return Probed(UnitSpec.from_json(row["spec"]), [Facts.from_json(text) for text in facts["files"]], product)


def finish_batch(caller: Caller, tx: Transaction, job_id: str, target: Target) -> None:
    """With `ignore_errors`, units that are read become items as they come."""
    if tx.execute(sa.text("SELECT ignore_errors FROM job WHERE id = :id"), {"id": job_id}).scalar():
        _settle_ready(caller, tx, job_id, target)


def finish_job(caller: Caller, tx: Transaction, job_id: str, target: Target) -> bool:
    """End the job if nothing is left to read; returns whether it is over.

    Without `ignore_errors` one failed unit sinks the others: none of the job's items appear.
    """
    job = tx.execute(sa.text("SELECT status, ignore_errors FROM job WHERE id = :id"), {"id": job_id}).one()
    if job.status != "PENDING":
        return True
    if tx.execute(_OPEN, {"job_id": job_id}).first() is not None:
        return False
    failed = tx.execute(
        sa.text("SELECT 1 FROM job_unit WHERE job_id = :job_id AND state = 'ERROR' LIMIT 1"), {"job_id": job_id}
    ).scalar()
    if failed and not job.ignore_errors:
        _drop_open_units(tx, job_id)
        _end(tx, job_id, "ERROR")
    else:
        _settle_ready(caller, tx, job_id, target)
        _end(tx, job_id, "DONE")
    return True


def cancel_job(tx: Transaction, job_id: str) -> int:
    """End a job where it stands; returns how many units were cancelled."""
    cancelled = _drop_open_units(tx, job_id)
    _end(tx, job_id, "CANCELLED")
    return cancelled


def _settle_ready(caller: Caller, tx: Transaction, job_id: str, target: Target) -> None:
    while ready := _READY.rows(tx, {"job_id": job_id}):
        settled = settle_units(caller, tx, target, [_read_facts(row) for row in ready])
        _DONE.run_many(
            tx,
            [
                {"id": row["id"], "item_id": made.item_id, "row_id": made.data_row_id}
                for row, made in zip(ready, settled, strict=True)
            ],
        )


def _drop_open_units(tx: Transaction, job_id: str) -> int:
    tx.execute(sa.text("UPDATE upload_slot SET job_id = NULL WHERE job_id = :job_id"), {"job_id": job_id})
    return tx.execute(
        sa.text(f"UPDATE job_unit SET state = 'CANCELLED' WHERE job_id = :job_id AND state IN {_OPEN_STATES}"),
        {"job_id": job_id},
    ).rowcount


def _end(tx: Transaction, job_id: str, status: str) -> None:
    tx.execute(
        sa.text("UPDATE job SET status = :status, finished_at = :now WHERE id = :id"),
        {"id": job_id, "status": status, "now": clock.now()},
    )
