"""Metadata sidecars of cloud-synced folders: JSON files beside the data, attached to the items they belong to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from corral.errors import CorralError, InvalidArgumentsError
from corral.server import clock
from corral.server.database import Transaction
from corral.server.ingest import job_book, ledger
from corral.server.ingest.desk import Desk
from corral.server.ingest.job_book import Job, Part
from corral.server.ingest.unit_specs import FileSpec, UnitSpec
from corral.server.statements import Statement
from corral.server.storage.item_commands import url_key
from corral.server.stores.source import ListedObject

SECTION = "sidecar"
_LONGEST_SUFFIX = 128
_CONFIG = Statement("SELECT config FROM folder WHERE id = :folder_id")
_SET_CONFIG = Statement("UPDATE folder SET config = :config, last_edited_at = :now WHERE id = :folder_id")
_ATTACHED = Statement(
    "SELECT url, sidecar_etag FROM item WHERE folder_id = :folder_id AND url_key IN :keys[] AND NOT is_frame"
)
_ATTACH = Statement(
    "UPDATE item SET client_metadata = :metadata, sidecar_etag = :etag, last_edited_at = :now"
    " WHERE folder_id = :folder_id AND url_key = :url_key AND url = :url AND NOT is_frame"
)


@dataclass(frozen=True)
class Matcher:
    """Which objects of a bucket are sidecars: those whose name ends so."""

    suffix: str
    paused: bool

    def claims(self, url: str) -> bool:
        """Whether the object at this URL is a sidecar."""
        return url.endswith(self.suffix)

    def data_url(self, url: str) -> str:
        """The URL of the data that a sidecar belongs to."""
        return url[: -len(self.suffix)]


def read_config(tx: Transaction, folder_id: str) -> dict[str, Any]:
    """A folder's configuration as clients wrote it."""
    text = _CONFIG.value(tx, {"folder_id": folder_id})
    config: dict[str, Any] = json.loads(text) if text else {}
    return {"metadataIngestion": None, **config}


def write_config(tx: Transaction, folder_id: str, config: dict[str, Any]) -> None:
    """Keep a folder's configuration whole, also what this server knows nothing of.

    Raises InvalidArgumentsError for a way of matching sidecars that it does not know.
    """
    _matcher(config)
    _SET_CONFIG.run(tx, {"folder_id": folder_id, "config": json.dumps(config), "now": clock.now()})


def read_matcher(tx: Transaction, folder_id: str) -> Matcher | None:
    """How the sidecars of a folder are known; None where it takes none."""
    return _matcher(read_config(tx, folder_id))


def _matcher(config: dict[str, Any]) -> Matcher | None:
    wanted = config.get("metadataIngestion")
    if wanted is None:
        return None
    matcher = wanted.get("matcher") if isinstance(wanted, dict) else None
    known = isinstance(matcher, dict) and matcher.get("mode", "suffix") == "suffix"
    suffix = matcher.get("suffix", ".metadata.json") if isinstance(matcher, dict) else None
    if not known or not isinstance(suffix, str) or not 1 <= len(suffix) <= _LONGEST_SUFFIX:
        raise InvalidArgumentsError(
            f"metadataIngestion.matcher must have the mode suffix and a suffix of 1 to {_LONGEST_SUFFIX} characters."
        )
    return Matcher(quote(suffix), bool(wanted.get("paused")))


def keep(tx: Transaction, job: Job, matcher: Matcher, claimed: Sequence[ListedObject], before: int) -> int:
    """Note the sidecars of a page for later, but those that are attached as they are; returns 1 if there are any."""
    keys = [url_key(matcher.data_url(entry.url)) for entry in claimed]
    rows = _ATTACHED.rows(tx, {"folder_id": job.target.folder_id, "keys": keys})
    attached = {row["url"]: row["sidecar_etag"] for row in rows}
    entries = [
        {"url": entry.url, "etag": entry.etag, "data_url": matcher.data_url(entry.url)}
        for entry in claimed
        if entry.etag is None or attached.get(matcher.data_url(entry.url)) != entry.etag
    ]
    if not entries:
        return 0
    content = {"section": SECTION, "count": 0, "entries": entries}
    job_book.keep_part(tx, job.id, job_book.LAST_PARTS + before, content)
    return 1


def attach(desk: Desk, job: Job, part: Part, worker_id: str) -> None:
    """Read sidecars and attach them to their items; what is wrong with one becomes a failed unit."""
    source = desk.sources.get(str(job.target.integration_id)).source
    rows, failed = [], []
    for entry in part.content["entries"]:
        try:
            opened = source.open(entry["url"])
            with opened.file as file:
                metadata = _read(file.read(desk.limits.client_metadata_bytes + 1), desk.limits.client_metadata_bytes)
        except (CorralError, OSError) as error:
            message = error.message if isinstance(error, CorralError) else str(error)
            spec = UnitSpec("plainText", None, [FileSpec(entry["url"])])
            failed.append(ledger.Outcome(spec, "ERROR", error=message))
            continue
        values = {"metadata": metadata, "etag": entry["etag"], "url": entry["data_url"], "now": clock.now()}
        rows.append({**values, "url_key": url_key(entry["data_url"]), "folder_id": job.target.folder_id})
    with desk.database.write() as tx:
        if job_book.finish_part(tx, job.id, part, worker_id):
            _ATTACH.run_many(tx, rows)
            ledger.write_failed(tx, job.id, failed)


def _read(content: bytes, most: int) -> str:
    if len(content) > most:
        raise InvalidArgumentsError(f"This sidecar is larger than {most} bytes.")
    try:
        metadata = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidArgumentsError(f"This sidecar is not valid JSON: {error}.") from None
    if not isinstance(metadata, dict):
        raise InvalidArgumentsError("A sidecar must hold a JSON object.")
    return orjson.dumps(metadata).decode()
