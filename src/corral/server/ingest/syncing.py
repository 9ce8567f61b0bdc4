"""Keeps cloud-synced folders in step with their buckets: new, changed, vanished and returned objects.

A sync is a job whose first part is the scan. The scan lists the bucket page by page; each page is written down in one
transaction with the place where it ends, so that a scan that was killed goes on there. New and changed objects become
further parts of the job; what was there before and is not found any more becomes a tombstone when the scan is over.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from corral.errors import CorralError, InvalidArgumentsError
from corral.server import clock
from corral.server.access import users
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import new_id
from corral.server.ingest import job_book, sidecars
from corral.server.ingest.desk import Desk
from corral.server.ingest.job_book import Job, Part
from corral.server.integrations import queries as integrations
from corral.server.jobs import JobRunner
from corral.server.statements import Statement
from corral.server.storage import folder_queries
from corral.server.storage.item_commands import url_key
from corral.server.stores.source import ListedObject

log = logging.getLogger(__name__)

SCAN = "scan"
_SECTIONS = {
    "image": ("jpg", "jpeg", "png", "webp", "avif", "bmp", "tif", "tiff", "gif"),
    "video": ("mp4", "mov", "webm", "mkv", "avi", "m4v"),
    "audio": ("mp3", "wav", "flac", "m4a", "ogg"),
    "pdf": ("pdf",),
    "text": ("txt", "html", "htm", "json", "xml", "md", "csv"),
}
_SECTION_OF = {ending: section for section, endings in _SECTIONS.items() for ending in endings}
_DUE = Statement(
    "SELECT f.id, u.email FROM folder f JOIN corral_user u ON u.id = f.owner_id"
    " WHERE f.remote_url IS NOT NULL AND u.removed_at IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM job j WHERE j.folder_id = f.id AND j.scan IS NOT NULL"
    " AND (j.status = 'PENDING' OR j.created_at > :since)) ORDER BY f.id"
)
_RUNNING = Statement(
    "SELECT id FROM job WHERE folder_id = :folder_id AND status = 'PENDING' AND scan IS NOT NULL LIMIT 1"
)
_KNOWN = Statement(
    "SELECT id, url, etag FROM item WHERE folder_id = :folder_id AND url_key IN :keys[] AND NOT is_frame"
)
_FOUND = Statement("UPDATE item SET synced_by = :job_id, is_tombstone = :gone WHERE id IN :ids[]")
_BURY = Statement(
    "UPDATE item SET is_tombstone = :gone, last_edited_at = :now WHERE folder_id = :folder_id"
    " AND integration_id = :integration_id AND NOT is_frame AND NOT is_tombstone"
    " AND (synced_by IS NULL OR synced_by <> :job_id)"
)
_SET_SCAN = Statement("UPDATE job SET scan = :scan WHERE id = :id")
_GET_SCAN = Statement("SELECT scan FROM job WHERE id = :id")


@dataclass
class Scan:
    """How far a bucket has been listed: the last URL, and how many pages, parts and units came of it."""

    after: str | None = None
    pages: int = 0
    parts: int = 0
    units: int = 0
    sidecars: int = 0


def require_remote(
    caller: Caller, tx: Transaction, desk: Desk, integration_id: str, remote_url: str
) -> tuple[str, str]:
    """Integration and URL of a new cloud-synced folder. Raises AuthorisationError, InvalidArgumentsError."""
    found = integrations.require_use(caller, tx, integration_id)
    if found["is_client_only"]:
        raise InvalidArgumentsError("No folder can be kept in step with a strict client-only integration.")
    desk.sources.get(found["id"]).source.check_prefix(remote_url)
    return found["id"], remote_url


def start(caller: Caller, desk: Desk, runner: JobRunner, folder_id: str) -> str:
    """Start a sync and return its job's id; one that is at work already is returned as it is.

    Raises AuthorisationError, InvalidArgumentsError when the folder is no cloud-synced one or cannot be listed.
    """
    with desk.database.glance() as tx:
        folder_id = folder_queries.require_role(caller, tx, folder_id, admin=True)
        folder = folder_queries.get_folder(caller, tx, folder_id)
    if folder["remote_url"] is None:
        raise InvalidArgumentsError("This folder is not kept in step with a bucket: it was made without a remote URL.")
    next(desk.sources.get(folder["integration_id"]).source.list(folder["remote_url"]), None)
    with desk.database.write() as tx:
        running = _RUNNING.value(tx, {"folder_id": folder_id})
        if running is None:
            running = _insert(caller, tx, folder)
    runner.submit(running)
    return str(running)


def start_due(desk: Desk, runner: JobRunner, hours: int) -> int:
    """Sync, in the name of its owner, every folder whose latest sync lies this far back; returns how many."""
    with desk.database.glance() as tx:
        due = [
            (row["id"], users.as_caller(tx, row["email"]))
            for row in _DUE.rows(tx, {"since": clock.after(-hours * 3600)})
        ]
    started = 0
    for folder_id, owner in due:
        try:
            start(owner, desk, runner, folder_id)
            started += 1
        except CorralError as error:
            log.warning("the folder %s cannot be synced: %s", folder_id, error.message)
    return started


def _insert(caller: Caller, tx: Transaction, folder: dict[str, Any]) -> str:
    job_id = new_id()
    job_book.insert(
        tx,
        {
            **caller.scope,
            "id": job_id,
            "dataset_id": None,
            "folder_id": folder["id"],
            "title": None,
            "status": "PENDING",
            "ignore_errors": True,
            "skip_duplicate_urls": False,
            "upsert_metadata": False,
            "integration_id": folder["integration_id"],
            "is_unpacked": False,
            "now": clock.now(),
            "finished_at": None,
        },
    )
    _SET_SCAN.run(tx, {"id": job_id, "scan": json.dumps(asdict(Scan()))})
    job_book.keep_part(tx, job_id, 0, {"section": SCAN, "prefix": folder["remote_url"], "count": 0})
    return job_id


def scan(desk: Desk, job: Job, part: Part, worker_id: str) -> None:
    """List the bucket from where the scan stands to its end, unless the scan is given away or cancelled meanwhile."""
    source = desk.sources.get(str(job.target.integration_id)).source
    with desk.database.glance() as tx:
        place, matcher = read_scan(tx, job.id), sidecars.read_matcher(tx, job.target.folder_id)
    try:
        for page in source.list(part.content["prefix"], place.after):
            with desk.database.write() as tx:
                if not job_book.holds_part(tx, job.id, part, worker_id):
                    return
                _write_page(tx, job, place, matcher, page)
    except CorralError as error:
        with desk.database.write() as tx:
            if job_book.holds_part(tx, job.id, part, worker_id):
                job_book.end(tx, job.id, "ERROR")
                log.warning("the sync %s cannot list its bucket: %s", job.id, error.message)
        return
    with desk.database.write() as tx:
        if job_book.finish_part(tx, job.id, part, worker_id):
            _bury(tx, job)


def read_scan(tx: Transaction, job_id: str) -> Scan:
    """How far a sync has listed its bucket."""
    return Scan(**json.loads(_GET_SCAN.value(tx, {"id": job_id})))


def _write_page(
    tx: Transaction, job: Job, place: Scan, matcher: sidecars.Matcher | None, page: Sequence[ListedObject]
) -> None:
    folder_id = job.target.folder_id
    data = [entry for entry in page if matcher is None or not matcher.claims(entry.url)]
    if matcher is not None and not matcher.paused and len(data) < len(page):
        claimed = [entry for entry in page if matcher.claims(entry.url)]
        place.sidecars += sidecars.keep(tx, job, matcher, claimed, place.sidecars)
    wanted = [(entry, _section(entry.url)) for entry in data]
    keys = [url_key(entry.url) for entry, section in wanted if section is not None]
    known = {row["url"]: row for row in _KNOWN.rows(tx, {"folder_id": folder_id, "keys": keys})} if keys else {}
    same, entries = [], dict[str, list[dict[str, Any]]]()
    for entry, section in wanted:
        row = known.get(entry.url)
        if section is None:
            continue
        if row is not None:
            same.append(row["id"])  # also what changed was found; it stays as it is if it cannot be read
            if row["etag"] == entry.etag:
                continue
        replaces = {} if row is None else {"replaces": row["id"]}
        entries.setdefault(section, []).append({"objectUrl": entry.url, **replaces})
    _FOUND.run(tx, {"job_id": job.id, "gone": False, "ids": same})
    for section, listed in entries.items():
        place.parts += 1
        content = {"section": section, "start": 0, "first": place.units, "count": len(listed), "entries": listed}
        job_book.keep_part(tx, job.id, place.parts, content)
        place.units += len(listed)
    place.after, place.pages = page[-1].url, place.pages + 1
    _SET_SCAN.run(tx, {"id": job.id, "scan": json.dumps(asdict(place))})


def _section(url: str) -> str | None:
    """The kind of an object by its ending; None for what a synced folder does not take in."""
    return _SECTION_OF.get(url.rsplit("/", 1)[-1].rpartition(".")[2].lower())


def _bury(tx: Transaction, job: Job) -> None:
    _BURY.run(
        tx,
        {
            "gone": True,
            "now": clock.now(),
            "folder_id": job.target.folder_id,
            "integration_id": job.target.integration_id,
            "job_id": job.id,
        },
    )
