"""The unit ledger: which units a job has and how far each one is. It is the truth about every job.

A unit goes PENDING → RUNNING (by one worker) → PROBED → DONE; ERROR and CANCELLED end it as well. PROBED units have
their facts written down but no item yet: without `ignore_errors` items are made only when every unit is well. A unit
that is DONE without an item was skipped, because the folder had its URLs already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from corral.server.database import Transaction, is_sqlite
from corral.server.identifiers import new_id
from corral.server.ingest import slots
from corral.server.ingest.probing import Probed
from corral.server.ingest.settling import Settled
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.media.facts import Facts
from corral.server.statements import Statement

# Units that were on the table so often when a worker died are taken one at a time, and given up at last.
SUSPECT_ATTEMPTS = 4
MAX_ATTEMPTS = 12

_OPEN_STATES = "('PENDING', 'RUNNING', 'PROBED')"
_INSERT = Statement(
    "INSERT INTO job_unit (id, job_id, position, state, spec, facts, error, item_id, data_row_id)"
    " VALUES (:id, :job_id, :position, :state, :spec, :facts, :error, :item_id, :row_id)"
)
# Lines that were not asked for (a unit became several) stand behind all that were.
_ADDED = 1_000_000_000
_NEXT = Statement(
    f"SELECT COALESCE(MAX(position) + 1, {_ADDED}) FROM job_unit WHERE job_id = :job_id AND position >= {_ADDED}"
)
_CLAIM = (
    "UPDATE job_unit SET state = 'RUNNING', worker_id = :worker_id, attempts = attempts + 1 WHERE id IN"
    " (SELECT id FROM job_unit WHERE job_id = :job_id AND state = 'PENDING' AND {0} ORDER BY position LIMIT :most{1})"
    " RETURNING id, position, spec, attempts"
)
_FRESH, _SUSPECT = f"attempts < {SUSPECT_ATTEMPTS}", "1 = 1"
_CLAIMS = {
    (sqlite, condition): Statement(_CLAIM.format(condition, "" if sqlite else " FOR UPDATE SKIP LOCKED"))
    for sqlite in (True, False)
    for condition in (_FRESH, _SUSPECT)
}
_MINE = "SELECT id FROM job_unit WHERE id IN :ids[] AND state = 'RUNNING' AND worker_id = :worker_id"
_MINES = {True: Statement(_MINE), False: Statement(f"{_MINE} FOR UPDATE")}
_PROBED = Statement("UPDATE job_unit SET state = 'PROBED', facts = :facts WHERE id = :id")
_PROBED_ANEW = Statement("UPDATE job_unit SET state = 'PROBED', facts = :facts, spec = :spec WHERE id = :id")
_DONE = Statement("UPDATE job_unit SET state = 'DONE', item_id = :item_id, data_row_id = :row_id WHERE id = :id")
_FAILED = Statement("UPDATE job_unit SET state = 'ERROR', error = :error WHERE id = :id")
_READY = (
    "SELECT id, position, spec, facts FROM job_unit WHERE job_id = :job_id AND state = 'PROBED'"
    " ORDER BY position LIMIT :most"
)
_READIES = {True: Statement(_READY), False: Statement(f"{_READY} FOR UPDATE SKIP LOCKED")}
_ANY = Statement("SELECT 1 FROM job_unit WHERE job_id = :job_id AND state = :state LIMIT 1")
_FREE_SLOTS = Statement("UPDATE upload_slot SET job_id = NULL WHERE job_id = :job_id")
_DROP = Statement(f"UPDATE job_unit SET state = 'CANCELLED' WHERE job_id = :job_id AND state IN {_OPEN_STATES}")
_ORPHANS = Statement(
    "UPDATE job_unit SET state = 'PENDING', worker_id = NULL WHERE state = 'RUNNING'"
    " AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.id = job_unit.worker_id AND w.seen_at > :alive_since)"
)


@dataclass(frozen=True)
class Outcome:
    """A unit as it is first written down: waiting, or over already."""

    spec: UnitSpec
    state: str
    error: str | None = None
    item_id: str | None = None
    data_row_id: str | None = None
    facts: str | None = None


@dataclass(frozen=True)
class LedgerUnit:
    """A unit as the ledger holds it."""

    id: str
    spec: UnitSpec
    attempts: int = 0


def write_units(tx: Transaction, job_id: str, units: Sequence[Outcome], first: int = 0) -> list[str]:
    """Write the units of a job, in their order from position `first` on; returns their ids."""
    rows = [
        {
            "id": new_id(),
            "job_id": job_id,
            "position": position,
            "state": unit.state,
            "spec": unit.spec.to_json(),
            "facts": unit.facts,
            "error": unit.error,
            "item_id": unit.item_id,
            "row_id": unit.data_row_id,
        }
        for position, unit in enumerate(units, first)
    ]
    _INSERT.run_many(tx, rows)
    return [str(row["id"]) for row in rows]


def claim(tx: Transaction, job_id: str, worker_id: str, most: int) -> list[LedgerUnit]:
    """Take the next units for one worker; a unit that was tried too often fails instead."""
    values = {"job_id": job_id, "worker_id": worker_id, "most": most}
    rows = _CLAIMS[is_sqlite(tx), _FRESH].rows(tx, values)
    if not rows:
        rows = _CLAIMS[is_sqlite(tx), _SUSPECT].rows(tx, {**values, "most": 1})
    taken = []
    for row in sorted(rows, key=lambda row: row["position"]):
        unit = LedgerUnit(row["id"], UnitSpec.from_json(row["spec"]), row["attempts"])
        if row["attempts"] > MAX_ATTEMPTS:
            fail(tx, unit, f"Reading this stopped the worker {MAX_ATTEMPTS} times; it was given up.")
        else:
            taken.append(unit)
    return taken


def still_mine(tx: Transaction, worker_id: str, units: Sequence[LedgerUnit]) -> set[str]:
    """Which of these units this worker still holds: others were cancelled, or given away as it seemed dead."""
    return set(_MINES[is_sqlite(tx)].column(tx, {"ids": [unit.id for unit in units], "worker_id": worker_id}))


def release_orphans(tx: Transaction, alive_since: str) -> int:
    """Give back the units of workers that were not seen since then; returns how many."""
    return _ORPHANS.run(tx, {"alive_since": alive_since})


def fail(tx: Transaction, unit: LedgerUnit, error: str) -> None:
    """Write down why a unit failed; its upload slots are its owner's again."""
    _FAILED.run(tx, {"id": unit.id, "error": error})
    slots.release(tx, unit.spec)


def write_facts(tx: Transaction, job_id: str, units: Sequence[tuple[LedgerUnit, Sequence[Probed]]]) -> None:
    """Write down what was read; a unit that became several gets more lines in the ledger."""
    same, changed = list[dict[str, str]](), list[dict[str, str]]()
    for unit, (first, *others) in units:
        is_same = first.unit is unit.spec and len(first.unit.files) == 1
        (same if is_same else changed).append({"id": unit.id, "facts": _facts(first), "spec": first.unit.to_json()})
        write_added(tx, job_id, others)
    _PROBED.run_many(tx, [{"id": row["id"], "facts": row["facts"]} for row in same])
    _PROBED_ANEW.run_many(tx, changed)


def write_added(tx: Transaction, job_id: str, probed: Sequence[Probed]) -> None:
    """Write units that were not asked for but came of one that was."""
    if probed:
        write_units(tx, job_id, [was_read(one) for one in probed], first=int(_NEXT.value(tx, {"job_id": job_id})))


def write_failed(tx: Transaction, job_id: str, failed: Sequence[Outcome]) -> None:
    """Write failures of what was not asked for by name."""
    if failed:
        write_units(tx, job_id, failed, first=int(_NEXT.value(tx, {"job_id": job_id})))


def was_read(probed: Probed) -> Outcome:
    """A unit as it is first written down when its facts are known already."""
    return Outcome(probed.unit, "PROBED", facts=_facts(probed))


def ready(tx: Transaction, job_id: str, most: int) -> list[tuple[str, Probed]]:
    """The next units that were read and are no items yet."""
    return [(row["id"], _read_facts(row)) for row in _READIES[is_sqlite(tx)].rows(tx, {"job_id": job_id, "most": most})]


def write_done(tx: Transaction, settled: Sequence[tuple[str, Settled]]) -> None:
    """Write down what became of units."""
    rows = [{"id": one, "item_id": made.item_id, "row_id": made.data_row_id} for one, made in settled]
    _DONE.run_many(tx, rows)


def has(tx: Transaction, job_id: str, state: str) -> bool:
    """Whether any unit of a job is in this state."""
    return _ANY.value(tx, {"job_id": job_id, "state": state}) is not None


def drop_open_units(tx: Transaction, job_id: str) -> int:
    """Cancel what is not over; returns how many units that were."""
    _FREE_SLOTS.run(tx, {"job_id": job_id})
    return _DROP.run(tx, {"job_id": job_id})


def _facts(probed: Probed) -> str:
    return orjson.dumps({"files": probed.facts, "product": probed.product}).decode()


def _read_facts(row: Mapping[str, Any]) -> Probed:
    facts = orjson.loads(row["facts"])
    product = Facts(**facts["product"]) if facts["product"] else None
    return Probed(UnitSpec.from_json(row["spec"]), [Facts(**one) for one in facts["files"]], product)


def write_cancelled(tx: Transaction, job_id: str, first: int, count: int) -> int:
    """Write units that were cancelled before they were looked at; returns how many."""
    nothing = UnitSpec("image", None, [])
    write_units(tx, job_id, [Outcome(nothing, "CANCELLED")] * count, first)
    return count
