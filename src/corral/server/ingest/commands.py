"""Starts and cancels jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from corral.errors import InvalidArgumentsError, PayloadTooLargeError
from corral.server import clock, replays
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.datasets import commands as datasets
from corral.server.datasets import queries as dataset_queries
from corral.server.identifiers import new_id
from corral.server.ingest import ledger, queries, slots
from corral.server.ingest.desk import Desk
from corral.server.ingest.probing import Probed, UnitError, probe_unit
from corral.server.ingest.settling import Target, settle_units
from corral.server.ingest.unit_specs import UnitSpec, check_titles
from corral.server.jobs import JobRunner
from corral.server.statements import Statement
from corral.server.storage import folder_queries
from corral.vocabulary import StorageItemType

# Up to here the bytes are read while the request waits: an upload must not feel like a queue.
INLINE_FILES = 32
INLINE_BYTES = 64 << 20


@dataclass(frozen=True)
class JobRequest:
    """What a client asks to register. A job goes into a folder, or through a dataset into a folder."""

    units: list[UnitSpec]
    ignore_errors: bool
    folder_id: str | None = None
    dataset_id: str | None = None
    title: str | None = None
    request_digest: str | None = None


def register(caller: Caller, desk: Desk, runner: JobRunner, request: JobRequest) -> str:
    """Start a job and return its id; a small one is over when this returns.

    Raises AuthorisationError, InvalidArgumentsError, PayloadTooLargeError.
    """
    _check(desk, request)
    inline = False
    with desk.database.glance() as tx:
        earlier = replays.find(tx, request.request_digest) if request.request_digest else None
        if earlier is not None:
            return str(json.loads(earlier))
        _target(caller, tx, request)
        if _is_small(request.units):
            slots.look_up(caller, tx, request.units)
            inline = _bytes(desk, request.units) <= INLINE_BYTES
    outcomes = [_probe(desk, unit) for unit in request.units] if inline else None
    with desk.database.write() as tx:
        earlier = replays.find(tx, request.request_digest) if request.request_digest else None
        if earlier is not None:
            return str(json.loads(earlier))
        target = _target(caller, tx, request)
        job_id = (
            _queue(caller, tx, request, target) if outcomes is None else _finish(caller, tx, request, target, outcomes)
        )
        if request.request_digest:
            replays.keep(tx, request.request_digest, caller.user_id, json.dumps(job_id))
    if outcomes is None:
        runner.submit(job_id)
    return job_id


def _check(desk: Desk, request: JobRequest) -> None:
    if len(request.units) > desk.limits.units_per_job:
        raise InvalidArgumentsError(f"One job takes at most {desk.limits.units_per_job} units; split it.")
    check_titles(request.units, desk.limits.title_characters)
    for unit in request.units:
        if len(json.dumps(unit.client_metadata)) > desk.limits.client_metadata_bytes:
            raise PayloadTooLargeError(
                f"The client metadata of {unit.title or unit.urls[0]} is over the limit"
                f" of {desk.limits.client_metadata_bytes} bytes."
            )


def _target(caller: Caller, tx: Transaction, request: JobRequest) -> Target:
    folder_id, dataset_id = request.folder_id, None
    if request.dataset_id is not None:
        folder_id = datasets.require_upload_folder(caller, tx, request.dataset_id, folder_id)
        dataset = dataset_queries.get_dataset(caller, tx, request.dataset_id)
        dataset_id = str(dataset["id"])
        if dataset["backing_folder_id"] == folder_id:
            return Target(folder_id, dataset_id)
    return Target(folder_queries.require_role(caller, tx, str(folder_id), admin=True), dataset_id)


def _is_small(units: Sequence[UnitSpec]) -> bool:
    # Sequences are encoded, however few their images are: that is no work for a request to wait for.
    encoded = any(unit.item_type is StorageItemType.IMAGE_SEQUENCE for unit in units)
    return not encoded and sum(len(unit.files) for unit in units) <= INLINE_FILES


def _bytes(desk: Desk, units: Sequence[UnitSpec]) -> int:
    keys = [file.object_key for unit in units for file in unit.files]
    return sum(desk.store.size(key) or 0 for key in keys if key is not None)


def _probe(desk: Desk, unit: UnitSpec) -> Probed | str:
    try:
        return probe_unit(desk, unit)
    except UnitError as error:
        return str(error)


def _queue(caller: Caller, tx: Transaction, request: JobRequest, target: Target) -> str:
    """Write down a job that is to be worked off later."""
    job_id = _insert_job(caller, tx, request, target, "PENDING")
    problems = slots.claim(caller, tx, job_id, request.units)
    ledger.write_units(
        tx,
        job_id,
        [
            ledger.Outcome(unit, "PENDING" if problem is None else "ERROR", error=problem)
            for unit, problem in zip(request.units, problems, strict=True)
        ],
    )
    return job_id


def _finish(caller: Caller, tx: Transaction, request: JobRequest, target: Target, probed: list[Probed | str]) -> str:
    """Write down a job whose units have been read already, with its items, as over."""
    # A slot may have been used by another request while the bytes were read.
    problems = slots.look_up(caller, tx, request.units)
    results = [problem or outcome for problem, outcome in zip(problems, probed, strict=True)]
    sunk = not request.ignore_errors and any(isinstance(result, str) for result in results)
    good = [] if sunk else [result for result in results if not isinstance(result, str)]
    settled = iter(settle_units(caller, tx, target, good))
    outcomes = []
    for unit, result in zip(request.units, results, strict=True):
        if isinstance(result, str):
            outcomes.append(ledger.Outcome(unit, "ERROR", error=result))
        elif sunk:
            outcomes.append(ledger.Outcome(unit, "CANCELLED"))
        else:
            made = next(settled)
            outcomes.append(ledger.Outcome(unit, "DONE", item_id=made.item_id, data_row_id=made.data_row_id))
    job_id = _insert_job(caller, tx, request, target, "ERROR" if sunk else "DONE")
    ledger.write_units(tx, job_id, outcomes)
    return job_id


def _insert_job(caller: Caller, tx: Transaction, request: JobRequest, target: Target, status: str) -> str:
    job_id, now = new_id(), clock.now()
    _INSERT_JOB.run(
        tx,
        {
            **caller.scope,
            "id": job_id,
            "dataset_id": target.dataset_id,
            "folder_id": target.folder_id,
            "title": request.title,
            "status": status,
            "ignore_errors": request.ignore_errors,
            "now": now,
            "finished_at": None if status == "PENDING" else now,
        },
    )
    return job_id


_INSERT_JOB = Statement(
    "INSERT INTO job (id, organisation_id, user_id, dataset_id, folder_id, title, status, ignore_errors,"
    " created_at, finished_at) VALUES (:id, :organisation_id, :user_id, :dataset_id, :folder_id, :title, :status,"
    " :ignore_errors, :now, :finished_at)"
)


def cancel(caller: Caller, tx: Transaction, job_id: str, folder_id: str) -> int:
    """Stop a job: finished units stay, the others are cancelled. Returns how many those are.

    Raises AuthorisationError.
    """
    job = queries.find_job(caller, tx, job_id, folder_id=folder_id)
    if job["status"] != "PENDING":
        return 0
    return ledger.cancel_job(tx, job["id"])
