"""Writes the units of a job into the ledger: checks them, finds repeated ones, ties upload slots to the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from corral.errors import AuthorisationError, CorralError, InvalidArgumentsError, PayloadTooLargeError
from corral.server.database import Transaction
from corral.server.ingest import duplicates, ledger, shapes, slots
from corral.server.ingest.desk import Desk
from corral.server.ingest.job_book import Job
from corral.server.ingest.unit_specs import UnitSpec, check_titles
from corral.server.integrations.sources import OpenedIntegration
from corral.server.settings import Limits
from corral.server.storage import item_queries
from corral.vocabulary import StorageItemType


def check(limits: Limits, unit: UnitSpec) -> None:
    """Raise InvalidArgumentsError or PayloadTooLargeError where a unit is over a limit."""
    check_titles((unit,), limits.title_characters)
    for file in unit.files:
        check_url(limits, file.url)
    if unit.client_metadata and len(orjson.dumps(unit.client_metadata)) > limits.client_metadata_bytes:
        raise PayloadTooLargeError(
            f"The client metadata of {unit.title or unit.urls[0]} is over the limit of"
            f" {limits.client_metadata_bytes} bytes."
        )


def check_url(limits: Limits, url: str) -> None:
    """Raise InvalidArgumentsError for an object URL that is too long or cannot be stored."""
    if len(url) > limits.url_bytes or (not url.isascii() and len(url.encode(errors="replace")) > limits.url_bytes):
        raise InvalidArgumentsError(f"An object URL may have at most {limits.url_bytes} bytes: {url[:100]}...")
    if not url.isprintable() or " " in url:
        raise InvalidArgumentsError(f"An object URL holds no spaces or control characters (write %20): {url[:200]!r}.")


def read_part(desk: Desk, part: dict[str, Any], *, of_sync: bool) -> list[UnitSpec | str]:
    """The units of one part of a large request; for an entry that makes no sense, why.

    Only the parts that a sync wrote may name items that are to be brought up to date.
    """
    units: list[UnitSpec | str] = []
    for entry, place in shapes.placed(part):
        try:
            unit = shapes.unit(part["section"], entry, place)
            check(desk.limits, unit)
            if of_sync:
                unit.files[0].replaces = entry.get("replaces")
            units.append(unit)
        except CorralError as error:
            units.append(error.message)
    return units


def is_plain(unit: UnitSpec) -> bool:
    """Whether a unit is made of objects behind an integration alone, so that reading it needs nothing of ours."""
    return all(file.slot_id is None and file.item_id is None for file in unit.files)


def write(desk: Desk, tx: Transaction, job: Job, units: Sequence[UnitSpec | str], first: int) -> None:
    """Write units that wait for a worker (or cannot be worked on) into the ledger, from position `first` on."""
    integration = desk.sources.get(job.target.integration_id) if job.target.integration_id else None
    good = [unit for unit in units if isinstance(unit, UnitSpec)]
    items = repeated(tx, job, good)
    upsert_metadata(tx, job, good, items)
    known, outcomes = iter(items), []
    for unit in units:
        if isinstance(unit, str):
            outcomes.append(broken(unit))
        elif next(known) is not None:
            outcomes.append(ledger.Outcome(unit, "DONE"))
        else:
            problem = _problem(tx, job, unit, integration)
            outcomes.append(ledger.Outcome(unit, "PENDING" if problem is None else "ERROR", error=problem))
    ledger.write_units(tx, job.id, outcomes, first)


def broken(reason: str) -> ledger.Outcome:
    """An entry that makes no sense."""
    return ledger.Outcome(UnitSpec("image", None, []), "ERROR", error=reason)


def repeated(tx: Transaction, job: Job, units: Sequence[UnitSpec]) -> list[str | None]:
    """For each unit the item of the folder that it repeats, if the job is to skip such units; else None."""
    if not job.skip_duplicate_urls or job.target.integration_id is None or not units:
        return [None] * len(units)
    return duplicates.find(tx, job.target.folder_id, units)


def upsert_metadata(tx: Transaction, job: Job, units: Sequence[UnitSpec], items: Sequence[str | None]) -> None:
    """Bring the metadata of repeated items up to date, if the job asks for it."""
    if job.upsert_metadata:
        duplicates.upsert_metadata(
            tx, [(item, unit) for item, unit in zip(items, units, strict=True) if item is not None]
        )


def _problem(tx: Transaction, job: Job, unit: UnitSpec, integration: OpenedIntegration | None) -> str | None:
    """Why a unit cannot be worked on; sets the titles that follow from its URLs."""
    if unit.files[0].item_id is not None:
        return _unusable_items(tx, job, unit)
    if integration is None or any(file.slot_id for file in unit.files):
        return slots.claim(job.caller, tx, job.id, [unit])[0]
    return set_titles(unit, integration)


def set_titles(unit: UnitSpec, integration: OpenedIntegration) -> str | None:
    """Give files the titles that follow from their URLs; returns why an URL is none of the integration's."""
    try:
        for file in unit.files:
            name = integration.source.title(file.url)
            file.title = file.title or name
    except CorralError as error:
        return error.message
    return None


def _unusable_items(tx: Transaction, job: Job, unit: UnitSpec) -> str | None:
    try:
        items = item_queries.many(job.caller, tx, [str(file.item_id) for file in unit.files])
    except AuthorisationError as error:
        return error.message
    wrong = [item["name"] for item in items if item["item_type"] != StorageItemType.IMAGE.value]
    if wrong:
        return f"A group is made of images; {wrong[0]!r} is none."
    unit.files = [replace(file, item_id=item["id"]) for file, item in zip(unit.files, items, strict=True)]
    return None
