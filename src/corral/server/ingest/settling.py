"""Turns a probed unit into items and data rows, inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

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


@dataclass(frozen=True)
class Settled:
    """What a unit became: its item and, where the target is a dataset, the item's data row."""

    item_id: str
    data_row_id: str | None


def settle_units(caller: Caller, tx: Transaction, target: Target, probed: Sequence[Probed]) -> list[Settled]:
    """Make the items (and parts) of these units, with few statements however many they are."""
    rows: list[dict[str, Any]] = []
    parts: dict[str, list[str]] = {}
    mains = []
    for one in probed:
        made = _composite_rows(caller, target, one) if is_composite(one.unit) else [_single_row(caller, target, one)]
        rows += made
        mains.append(str(made[-1]["id"]))
        if len(made) > 1:
            parts[mains[-1]] = [row["id"] for row in made[:-1]]
    item_commands.insert_items(tx, rows, parts)
    slots.fulfil(tx, [one.unit for one in probed])
    hashes = _add_to_dataset(tx, target, mains)
    return [Settled(item_id, hashes.get(item_id)) for item_id in mains]


def _add_to_dataset(tx: Transaction, target: Target, item_ids: list[str]) -> dict[str, str]:
    """The data hashes of new items by item id, in the dataset that the job was for or that mirrors the folder."""
    own, mirrored = item_commands.mirror_into(tx, target.folder_id, item_ids)
    if target.dataset_id is None or target.dataset_id == own:
        return mirrored
    now = clock.now()
    hashes = {item_id: new_id() for item_id in item_ids}
    rows = [
        {"id": data_hash, "dataset_id": target.dataset_id, "item_id": item_id, "now": now}
        for item_id, data_hash in hashes.items()
    ]
    datasets.add_rows(tx, target.dataset_id, rows)
    return hashes


def _single_row(caller: Caller, target: Target, probed: Probed) -> dict[str, Any]:
    unit, file = probed.unit, probed.unit.files[0]
    return item_commands.new_item(
        caller,
        target.folder_id,
        file.slot_id or new_id(),
        unit.kind,
        unit.title or _last_part(file.url),
        probed.facts[0],
        object_key=file.object_key,
        client_metadata=json.dumps(unit.client_metadata),
        timeseries_settings=json.dumps(unit.settings) if unit.settings else None,
    )


def _composite_rows(caller: Caller, target: Target, probed: Probed) -> list[dict[str, Any]]:
    """The parts in their order, then the composite itself."""
    unit = probed.unit
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
        (unit.product.slot_id if unit.product else None) or new_id(),
        unit.kind,
        unit.title or _composite_title(unit),
        probed.product or _composite_facts(unit, probed.facts),
        object_key=unit.product.object_key if unit.product else None,
        client_metadata=json.dumps(unit.client_metadata),
    )
    return [*parts, composite]


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
