"""Reads the facts of one unit's files; knows no database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from corral.errors import CorralError
from corral.server.ingest.desk import Desk
from corral.server.ingest.unit_specs import FileSpec, UnitSpec
from corral.server.integrations.sources import OpenedIntegration
from corral.server.media.facts import Facts
from corral.vocabulary import StorageItemType


class UnitError(Exception):
    """A unit cannot become an item; the message says why to its owner."""


@dataclass
class Probed:
    """A unit with the facts of its files, in the order in which they are to be shown, and of its product if any."""

    unit: UnitSpec
    facts: list[Facts]
    product: Facts | None = None


_PART_TYPES = {
    StorageItemType.IMAGE_GROUP: StorageItemType.IMAGE,
    StorageItemType.IMAGE_SEQUENCE: StorageItemType.IMAGE,
    StorageItemType.DICOM_SERIES: StorageItemType.DICOM_FILE,
}


def part_type(unit: UnitSpec) -> StorageItemType:
    """The item type of the unit's files: that of the unit itself, or that of the parts of a composite."""
    return _PART_TYPES.get(unit.item_type, unit.item_type)


_READ_BY_CHILDREN = frozenset({StorageItemType.DICOM_SERIES, StorageItemType.PDF, StorageItemType.TIMESERIES})


def needs_child(unit: UnitSpec) -> bool:
    """Whether the unit's files are read by decoders, in child processes."""
    return unit.item_type in _READ_BY_CHILDREN


def is_composite(unit: UnitSpec) -> bool:
    """Whether the unit makes one item out of several files."""
    return unit.item_type in _PART_TYPES


def probe_unit(desk: Desk, unit: UnitSpec, integration: OpenedIntegration | None = None) -> Probed:
    """Read every file of a unit that has not been read yet. Raises UnitError."""
    if unit.files[0].item_id is not None:  # the parts are items already
        return Probed(unit, [])
    facts = [_probe_file(desk, unit, file, integration) for file in unit.files]
    if unit.item_type is StorageItemType.DICOM_SERIES:
        _refuse_mixed_series(facts)
        pairs = sorted(zip(unit.files, facts, strict=True), key=lambda pair: _slice_position(pair[1]))
        unit.files, facts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return Probed(unit, facts)


def _probe_file(desk: Desk, unit: UnitSpec, file: FileSpec, integration: OpenedIntegration | None) -> Facts:
    if integration is not None and file.slot_id is None:
        return _probe_object(desk, unit, file, integration)
    name = file.title or unit.title or file.url.rsplit("/", 1)[-1]
    try:
        path = desk.store.path(file.object_key or "")
    except (FileNotFoundError, CorralError):
        raise UnitError(f"{name}: no bytes were uploaded for this file. Send them to its signed URL first.") from None
    try:
        return desk.media.probe(str(path), part_type(unit), name)
    except CorralError as error:
        raise UnitError(f"{name}: {error.message}") from error


def _probe_object(desk: Desk, unit: UnitSpec, file: FileSpec, integration: OpenedIntegration) -> Facts:
    try:
        name = file.title = file.title or integration.source.title(file.url)
        if file.supplied is not None:
            return Facts(**file.supplied)
        if integration.is_client_only:
            raise UnitError(
                f"{file.url}: this integration is strict client-only, so Corral may not read the file."
                " Supply its media metadata."
            )
        opened = integration.source.open(file.url)
        with opened.file:
            facts = desk.media.probe_file(opened.file, part_type(unit), name, path=opened.path)
        facts.etag = opened.etag
        return facts
    except (CorralError, EOFError, OSError) as error:
        message = error.message if isinstance(error, CorralError) else str(error)
        raise UnitError(message if file.url[:500] in message else f"{file.url}: {message}") from error


def _refuse_mixed_series(facts: list[Facts]) -> None:
    series = Counter(fact.dicom_series_uid for fact in facts)
    if len(series) > 1:
        listed = ", ".join(f"{uid} ({count} files)" for uid, count in series.most_common(5))
        raise UnitError(f"These files belong to {len(series)} DICOM series: {listed}. Upload each series by itself.")


def _slice_position(facts: Facts) -> tuple[float, float]:
    """Where a slice lies: along the normal of its plane (DICOM PS3.3 C.7.6.2.1.1), else its instance number."""
    position = facts.extra.get("imagePositionPatient")
    axes = facts.extra.get("imageOrientationPatient")
    number = float(facts.extra.get("instanceNumber") or 0)
    if not position or not axes or len(position) != 3 or len(axes) != 6:
        return (0.0, number)
    row, column = axes[:3], axes[3:]
    normal = (
        row[1] * column[2] - row[2] * column[1],
        row[2] * column[0] - row[0] * column[2],
        row[0] * column[1] - row[1] * column[0],
    )
    return (sum(a * b for a, b in zip(position, normal, strict=True)), number)
