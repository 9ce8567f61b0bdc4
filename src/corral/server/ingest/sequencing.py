"""Makes image sequences: encodes the images of a unit, one video for each size of image."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from corral.errors import CorralError
from corral.server.access.callers import Caller
from corral.server.ingest import slots
from corral.server.ingest.desk import Desk
from corral.server.ingest.probing import Probed, UnitError
from corral.server.ingest.unit_specs import FileSpec
from corral.server.integrations.sources import OpenedIntegration
from corral.server.media.facts import Facts
from corral.vocabulary import StorageItemType

_Pair = tuple[FileSpec, Facts]


def make_sequences(
    desk: Desk, caller: Caller, probed: Probed, integration: OpenedIntegration | None = None
) -> list[Probed]:
    """Encode a probed unit of images; one result for each size, in the order of their first images.

    The video is stored under an upload slot of its own, so that a server that is killed here leaves nothing behind
    that a sweep does not find. Raises UnitError.
    """
    by_size: dict[tuple[int, int], list[_Pair]] = {}
    for file, facts in zip(probed.unit.files, probed.facts, strict=True):
        by_size.setdefault((facts.width or 0, facts.height or 0), []).append((file, facts))
    title = probed.unit.title or probed.unit.files[0].title or "image sequence"
    made = []
    for number, (size, pairs) in enumerate(by_size.items()):
        name = title if number == 0 else f"{title} ({size[0]} x {size[1]})"
        unit = replace(probed.unit, title=name, files=[file for file, _ in pairs])
        made.append(_encode(desk, caller, Probed(unit, [facts for _, facts in pairs]), size, integration))
    return made


def _encode(
    desk: Desk, caller: Caller, probed: Probed, size: tuple[int, int], integration: OpenedIntegration | None
) -> Probed:
    draft, copies = desk.store.draft(), list[Path]()
    try:
        paths = [_local(desk, file, integration, copies) for file in probed.unit.files]
        desk.media.encode_sequence(paths, str(draft), *size)
        encoded = desk.media.probe(str(draft), StorageItemType.VIDEO, "sequence.mp4")
        slot = _slot(desk, caller)
        desk.store.put(slot.object_key, draft)
    except CorralError as error:
        raise UnitError(f"{probed.unit.title}: the images cannot be encoded as a sequence: {error.message}") from error
    finally:
        for temporary in (draft, *copies):
            temporary.unlink(missing_ok=True)
    product = FileSpec(url=slot.object_key, slot_id=slot.item_id, object_key=slot.object_key)
    facts = replace(encoded, width=size[0], height=size[1])
    return Probed(replace(probed.unit, product=product), probed.facts, facts)


def _local(desk: Desk, file: FileSpec, integration: OpenedIntegration | None, copies: list[Path]) -> str:
    """A local path with the file's bytes; what had to be copied for it is noted in `copies`."""
    if file.object_key is not None or integration is None:
        return str(desk.store.path(file.object_key or ""))
    if integration.is_client_only:
        raise UnitError(f"{file.url}: a strict client-only integration cannot make sequences: Corral may not read it.")
    opened = integration.source.open(file.url)
    with opened.file:
        if opened.path is not None:
            return opened.path
        copies.append(desk.store.draft())
        with open(copies[-1], "wb") as copy:
            shutil.copyfileobj(opened.file, copy, 1 << 20)
    return str(copies[-1])


def _slot(desk: Desk, caller: Caller) -> slots.Slot:
    with desk.database.write() as tx:
        return slots.reserve(caller, tx, StorageItemType.IMAGE_SEQUENCE, 1, seconds=desk.limits.slot_seconds, most=1)[0]
