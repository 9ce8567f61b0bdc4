"""Starts and cancels jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from corral.errors import InvalidArgumentsError
from corral.server import clock, replays
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.datasets import commands as datasets
from corral.server.datasets import queries as dataset_queries
from corral.server.identifiers import new_id
from corral.server.ingest import job_book, ledger, queries, queueing, shapes, slots
from corral.server.ingest.desk import Desk
from corral.server.ingest.probing import Probed, UnitError, probe_unit
from corral.server.ingest.settling import Target, settle_units
from corral.server.ingest.shapes import Asked
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.integrations import queries as integration_queries
from corral.server.jobs import JobRunner
from corral.server.storage import folder_queries
from corral.vocabulary import StorageItemType

# Up to here the bytes are read while the request waits: an upload must not feel like a queue.
INLINE_FILES = 32
INLINE_BYTES = 64 << 20
# Larger jobs are taken apart by the workers, so that no request holds the server up.
_PART = 1000


@dataclass(frozen=True)
class JobRequest:
    """What a client asks to register. A job goes into a folder, or through a dataset into a folder."""

    asked: Asked
    ignore_errors: bool
    folder_id: str | None = None
    dataset_id: str | None = None
    integration_id: str | None = None
    title: str | None = None
    request_digest: str | None = None


def register(caller: Caller, desk: Desk, runner: JobRunner, request: JobRequest) -> str:
    """Start a job and return its id; a small one is over when this returns.

    Raises AuthorisationError, InvalidArgumentsError, PayloadTooLargeError.
    """
    if request.asked.count > desk.limits.units_per_job:
        raise InvalidArgumentsError(f"One job takes at most {desk.limits.units_per_job} units; split it.")
    if request.asked.files > desk.limits.urls_per_job:
        raise InvalidArgumentsError(f"One job names at most {desk.limits.urls_per_job} object URLs; split it.")
    units = _small_units(desk, request)
    inline = False
    with desk.database.glance() as tx:
        earlier = replays.find(tx, request.request_digest) if request.request_digest else None
        if earlier is not None:
            return str(orjson.loads(earlier))
        _target(caller, tx, request)
        if units is not None and request.integration_id is None and _is_small(units):
            slots.look_up(caller, tx, units)
            inline = _bytes(desk, units) <= INLINE_BYTES
    outcomes = [_probe(desk, unit) for unit in units or ()] if inline else None
    with desk.database.write() as tx:
        earlier = replays.find(tx, request.request_digest) if request.request_digest else None
        if earlier is not None:
            return str(orjson.loads(earlier))
        target = _target(caller, tx, request)
        if outcomes is not None and units is not None:
            job_id = _finish(caller, tx, request, target, units, outcomes)
        else:
            job_id = _queue(caller, tx, desk, request, target, units)
        if request.request_digest:
            replays.keep(tx, request.request_digest, caller.user_id, orjson.dumps(job_id).decode())
    if outcomes is None:
        runner.submit(job_id)
    return job_id


def _small_units(desk: Desk, request: JobRequest) -> list[UnitSpec] | None:
    """The units of a job that is small enough to be checked while the client waits, None for a large one."""
    if request.asked.count > _PART:
        return None
    units = list(shapes.units(request.asked))
    for unit in units:
        queueing.check(desk.limits, unit)
    return units


def _target(caller: Caller, tx: Transaction, request: JobRequest) -> Target:
    integration_id = None
    if request.integration_id is not None:
        integration_id = integration_queries.require_use(caller, tx, request.integration_id)["id"]
    folder_id, dataset_id = request.folder_id, None
    if request.dataset_id is not None:
        folder_id = datasets.require_upload_folder(caller, tx, request.dataset_id, folder_id)
        dataset = dataset_queries.get_dataset(caller, tx, request.dataset_id)
        dataset_id = str(dataset["id"])
        if dataset["backing_folder_id"] == folder_id:
            return Target(folder_id, dataset_id, integration_id)
    folder_id = folder_queries.require_role(caller, tx, str(folder_id), admin=True)
    return Target(folder_id, dataset_id, integration_id)


def _is_small(units: Sequence[UnitSpec]) -> bool:
    # Sequences are encoded, however few their images are: that is no work for a request to wait for.
    encoded = any(unit.item_type is StorageItemType.IMAGE_SEQUENCE for unit in units)
    hosted = all(file.item_id is None for unit in units for file in unit.files)
    return hosted and not encoded and sum(len(unit.files) for unit in units) <= INLINE_FILES


def _bytes(desk: Desk, units: Sequence[UnitSpec]) -> int:
    keys = [file.object_key for unit in units for file in unit.files]
    return sum(desk.store.size(key) or 0 for key in keys if key is not None)


def _probe(desk: Desk, unit: UnitSpec) -> Probed | str:
    try:
        return probe_unit(desk, unit)
    except UnitError as error:
        return str(error)


def _queue(
    caller: Caller, tx: Transaction, desk: Desk, request: JobRequest, target: Target, units: list[UnitSpec] | None
) -> str:
    """Write down a job that is to be worked off later."""
    job_id = _insert_job(caller, tx, request, target, "PENDING", is_unpacked=units is not None)
    if units is not None:
        queueing.write(desk, tx, job_book.read(tx, job_id), units, 0)
        return job_id
    for number, part in enumerate(_parts(request.asked)):
        job_book.keep_part(tx, job_id, number, part)
    return job_id


def _parts(asked: Asked) -> Iterator[dict[str, Any]]:
    """A large request in parts: the section of each, its entries and the position of the first one."""
    first = 0
    for section, entries in shapes.in_order(asked):
        rest, start = iter(entries), 0
        while piece := list(islice(rest, _PART)):
            yield {"section": section, "start": start, "first": first, "count": len(piece), "entries": piece}
            start, first = start + len(piece), first + len(piece)


def _finish(
    caller: Caller,
    tx: Transaction,
    request: JobRequest,
    target: Target,
    units: list[UnitSpec],
    probed: list[Probed | str],
) -> str:
    """Write down a job whose units have been read already, with its items, as over."""
    # A slot may have been used by another request while the bytes were read.
    problems = slots.look_up(caller, tx, units)
    results = [problem or outcome for problem, outcome in zip(problems, probed, strict=True)]
    sunk = not request.ignore_errors and any(isinstance(result, str) for result in results)
    good = [] if sunk else [result for result in results if not isinstance(result, str)]
    settled = iter(settle_units(caller, tx, target, good))
    outcomes = []
    for unit, result in zip(units, results, strict=True):
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


def _insert_job(
    caller: Caller, tx: Transaction, request: JobRequest, target: Target, status: str, *, is_unpacked: bool = True
) -> str:
    job_id, now = new_id(), clock.now()
    job_book.insert(
        tx,
        {
            **caller.scope,
            "id": job_id,
            "dataset_id": target.dataset_id,
            "folder_id": target.folder_id,
            "title": request.title,
            "status": status,
            "ignore_errors": request.ignore_errors,
            "skip_duplicate_urls": request.asked.skip_duplicate_urls,
            "upsert_metadata": request.asked.upsert_metadata,
            "integration_id": target.integration_id,
            "is_unpacked": is_unpacked,
            "now": now,
            "finished_at": None if status == "PENDING" else now,
        },
    )
    return job_id


def cancel(caller: Caller, tx: Transaction, job_id: str, folder_id: str) -> int:
    """Stop a job: finished units stay, the others are cancelled. Returns how many those are.

    Raises AuthorisationError.
    """
    job = queries.find_job(caller, tx, job_id, folder_id=folder_id)
    return 0 if job["status"] != "PENDING" else job_book.cancel(tx, job["id"])
