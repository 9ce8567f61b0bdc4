"""Sends files into upload slots: reserve, send side by side, hand back what the job has to name."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corral.errors import InvalidArgumentsError, TransportError
from corral.records.storage import UploadSignedUrl
from corral.sdk.transport import Transport
from corral.vocabulary import StorageItemType

SLOTS_AT_ONCE = 200
_PUTS_AT_ONCE = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sent:
    """A file that lies in its slot now."""

    path: Path
    title: str
    slot: UploadSignedUrl


def send_files(
    transport: Transport,
    paths: Sequence[str | Path],
    reserve: Callable[[int], Any],
    progress: Progress | None = None,
) -> list[Sent]:
    """Send files and return them in their order. `progress(done, all)` is called after each file.

    `reserve(count)` asks the server for slots. Raises InvalidArgumentsError for a missing file, CorralError.
    """
    files = [Path(path) for path in paths]
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise InvalidArgumentsError(f"No such file: {', '.join(missing[:10])}.")
    sent: list[Sent] = []
    with ThreadPoolExecutor(_PUTS_AT_ONCE) as pool:
        for start in range(0, len(files), SLOTS_AT_ONCE):
            batch = files[start : start + SLOTS_AT_ONCE]
            slots = [UploadSignedUrl.from_wire(slot) for slot in reserve(len(batch))["results"]]
            if len(slots) != len(batch):
                raise TransportError(f"The server gave {len(slots)} upload slots for {len(batch)} files.")
            for done in pool.map(lambda pair: _send(transport, *pair), zip(batch, slots, strict=True)):
                sent.append(done)
                if progress is not None:
                    progress(len(sent), len(files))
    return sent


def _send(transport: Transport, path: Path, slot: UploadSignedUrl) -> Sent:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    transport.put_file(slot.signed_url, path, {"Content-Type": kind, **slot.upload_headers})
    return Sent(path, path.name, slot)


_LISTS = {
    StorageItemType.VIDEO: ("videos", "VIDEO"),
    StorageItemType.IMAGE: ("images", "IMAGE"),
    StorageItemType.AUDIO: ("audio", "AUDIO"),
    StorageItemType.TIMESERIES: ("timeSeries", "TIMESERIES"),
    StorageItemType.NIFTI: ("nifti", "NIFTI"),
    StorageItemType.PLAIN_TEXT: ("text", "PLAIN_TEXT"),
    StorageItemType.PDF: ("pdf", "PDF"),
}


def single_entry(
    kind: StorageItemType, sent: Sent, title: str | None, metadata: dict[str, Any] | None, **more: Any
) -> dict[str, Any]:
    """The job payload (`dataItems`) for one file."""
    name, external = _LISTS[kind]
    entry = {
        "objectUrl": sent.slot.object_key,
        "title": title or sent.title,
        "clientMetadata": metadata or {},
        "externalFileType": external,
        "placeholderItemUuid": str(sent.slot.item_uuid),
        **more,
    }
    return {name: [entry]}


def group_entry(
    sent: Sequence[Sent], title: str | None, metadata: dict[str, Any] | None, *, create_video: bool
) -> dict[str, Any]:
    """The job payload for an image group or an image sequence."""
    entry = {
        "images": [_part(one) for one in sent],
        "clientMetadata": metadata or {},
        "createVideo": create_video,
        "externalFileType": "IMG_GROUP",
    }
    return {"imageGroups": [{**entry, "title": title} if title else entry]}


def series_entry(sent: Sequence[Sent], title: str | None, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """The job payload for a DICOM series."""
    entry = {
        "dicomFiles": [_part(one) for one in sent],
        "clientMetadata": metadata or {},
        "externalFileType": "DICOM",
    }
    return {"dicomSeries": [{**entry, "title": title} if title else entry]}


def scene_entry(sent: Sent, title: str | None, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """The job payload for a scene in one file."""
    scene = {"url": sent.slot.object_key, "format": sent.path.suffix.lstrip(".").lower()}
    entry = {
        "title": title or sent.title,
        "scene": scene,
        "clientMetadata": metadata or {},
        "externalFileType": "SCENE",
        "placeholderItemUuid": str(sent.slot.item_uuid),
    }
    return {"scenes": [entry]}


def _part(sent: Sent) -> dict[str, Any]:
    return {
        "url": sent.slot.object_key,
        "title": sent.title,
        "placeholderItemUuid": str(sent.slot.item_uuid),
    }
