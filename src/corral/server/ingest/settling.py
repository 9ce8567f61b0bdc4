"""Turns a probed unit into items and data rows, inside one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.datasets import commands as datasets
from corral.server.identifiers import new_id
from corral.server.ingest import slots
from corral.server.ingest.probing import Probed, is_composite, part_type
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.media.facts import Facts
from corral.server.storage import item_commands
from corral.vocabulary import StorageItemType


@dataclass(frozen=True)
class Target:
    """Where the units of a job go."""

    folder_id: str
    dataset_id: str | None


def settle_unit(caller: Caller, tx: Transaction, target: Target, probed: Probed) -> tuple[str, str | None]:
    """Make the unit's item (and its parts); returns the item's id and its data hash in the target dataset."""
    unit = probed.unit
    if is_composite(unit):
        item_id = _make_composite(caller, tx, target, probed)
    else:
        item_id = _make_single(caller, tx, target, probed)
    slots.fulfil(tx, unit)
    own, mirrored = item_commands.mirror_into(tx, target.folder_id, [item_id])
    if target.dataset_id is None or target.dataset_id == own:
        return item_id, mirrored.get(item_id)
    row = {"id": new_id(), "dataset_id": target.dataset_id, "item_id": item_id, "now": clock.now()}
    datasets.add_rows(tx, target.dataset_id, [row])
    return item_id, str(row["id"])


def _make_single(caller: Caller, tx: Transaction, target: Target, probed: Probed) -> str:
    unit, file = probed.unit, probed.unit.files[0]
    item_id = file.slot_id or new_id()
    row = item_commands.new_item(
        caller,
        target.folder_id,
        item_id,
        unit.kind,
        unit.title or _last_part(file.url),
        probed.facts[0],
        object_key=file.object_key,
        client_metadata=json.dumps(unit.client_metadata),
        timeseries_settings=json.dumps(unit.settings) if unit.settings else None,
    )
    item_commands.insert_items(tx, [row], {})
    return item_id


def _make_composite(caller: Caller, tx: Transaction, target: Target, probed: Probed) -> str:
    unit, composite_id = probed.unit, new_id()
    parts = [
        item_commands.new_item(
            caller,
            target.folder_id,
            file.slot_id or new_id(),
            part_type(unit).value,
            file.title or _last_part(file.url),
            facts,
            object_key=file.object_key,
            is_frame=True,
        )
        for file, facts in zip(unit.files, probed.facts, strict=True)
    ]
    composite = item_commands.new_item(
        caller,
        target.folder_id,
        composite_id,
        unit.kind,
        unit.title or _composite_title(unit),
        _composite_facts(unit, probed.facts),
        client_metadata=json.dumps(unit.client_metadata),
    )
    item_commands.insert_items(tx, [*parts, composite], {composite_id: [part["id"] for part in parts]})
    return composite_id


def _composite_facts(unit: UnitSpec, facts: list[Facts]) -> Facts:
    first = facts[0]
    size = sum(fact.file_size for fact in facts)
    if unit.item_type is StorageItemType.DICOM_SERIES:
        frames = sum(fact.frame_count or 1 for fact in facts)
        return replace(first, file_size=size, frame_count=frames, dicom_instance_uid=None)
    kinds = {fact.mime_type for fact in facts}
    mime = first.mime_type if len(kinds) == 1 else "image/*"
    # The images of a group may differ in size, so the group has none.
    return Facts(mime_type=mime, file_size=size, frame_count=len(facts))


def _composite_title(unit: UnitSpec) -> str:
    first = unit.files[0].title or _last_part(unit.files[0].url)
    others = len(unit.files) - 1
    return f"{first} and {others} more" if others else first


def _last_part(url: str) -> str:
    return url.rsplit("/", 1)[-1]
