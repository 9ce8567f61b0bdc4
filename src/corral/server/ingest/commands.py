"""Starts and cancels jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

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
from corral.server.ingest.settling import Target
from corral.server.ingest.unit_specs import UnitSpec, check_titles
from corral.server.jobs import JobRunner
from corral.server.storage import folder_queries

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
    with desk.database.read() as tx:
        earlier = replays.find(tx, request.request_digest) if request.request_digest else None
        if earlier is not None:
            return str(json.loads(earlier))
        _target(caller, tx, request)
        inline = _is_small(desk, tx, request.units)
    outcomes = [_probe(desk, unit) for unit in request.units] if inline else None
    with desk.database.write() as tx:
        job_id, settled = _record(caller, tx, request, outcomes)
    if not settled:
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


def _is_small(desk: Desk, tx: Transaction, units: Sequence[UnitSpec]) -> bool:
    files = [file for unit in units for file in unit.files]
    if len(files) > INLINE_FILES:
        return False
    size = 0
    for file in files:
        column, value = ("id", file.slot_id) if file.slot_id else ("object_key", file.url)
        key = tx.execute(
            sa.text(f"SELECT object_key FROM upload_slot WHERE {column} = :value"), {"value": value}
        ).scalar()
        if key is not None:
            file.object_key = str(key)
            size += desk.store.size(file.object_key) or 0
    return size <= INLINE_BYTES


def _probe(desk: Desk, unit: UnitSpec) -> Probed | str:
    try:
        return probe_unit(desk, unit)
    except UnitError as error:
        return str(error)


def _record(
    caller: Caller, tx: Transaction, request: JobRequest, outcomes: list[Probed | str] | None
) -> tuple[str, bool]:
    if request.request_digest and (earlier := replays.find(tx, request.request_digest)) is not None:
        return str(json.loads(earlier)), True
    target, job_id = _target(caller, tx, request), new_id()
    tx.execute(
        _INSERT_JOB,
        {
            **caller.scope,
            "id": job_id,
            "dataset_id": target.dataset_id,
            "folder_id": target.folder_id,
            "title": request.title,
            "ignore_errors": request.ignore_errors,
            "now": clock.now(),
        },
    )
    problems = slots.claim(caller, tx, job_id, request.units)
    units = ledger.write_units(tx, job_id, request.units, problems)
    if request.request_digest:
        replays.keep(tx, request.request_digest, caller.user_id, json.dumps(job_id))
    if outcomes is None:
        return job_id, False
    for unit, problem, outcome in zip(units, problems, outcomes, strict=True):
        if problem is None:
            ledger.note(tx, unit, outcome)
    ledger.finish_batch(caller, tx, job_id, target)
    ledger.finish_job(caller, tx, job_id, target)
    return job_id, True


_INSERT_JOB = sa.text(
    "INSERT INTO job (id, organisation_id, user_id, dataset_id, folder_id, title, status, ignore_errors, created_at)"
    " VALUES (:id, :organisation_id, :user_id, :dataset_id, :folder_id, :title, 'PENDING', :ignore_errors, :now)"
)


def cancel(caller: Caller, tx: Transaction, job_id: str, folder_id: str) -> int:
    """Stop a job: finished units stay, the others are cancelled. Returns how many those are.

    Raises AuthorisationError.
    """
    job = queries.find_job(caller, tx, job_id, folder_id=folder_id)
    if job["status"] != "PENDING":
        return 0
    return ledger.cancel_job(tx, job["id"])
