"""Turns probed units into items and data rows, inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.datasets import commands as datasets
from corral.server.identifiers import new_id
from corral.server.ingest import slots
from corral.server.ingest.probing import Probed, is_composite, part_type
from corral.server.ingest.unit_specs import FileSpec, UnitSpec
from corral.server.integrations.sources import OpenedIntegration
from corral.server.media.facts import Facts
from corral.server.statements import Statement
from corral.server.storage import item_commands
from corral.vocabulary import StorageItemType

_SIZES = Statement("SELECT id, mime_type, file_size FROM item WHERE id IN :ids[]")


@dataclass(frozen=True)
class Target:
    """Where the units of a job go, and the integration that their bytes lie behind."""

    folder_id: str
    dataset_id: str | None
    integration_id: str | None = None
    location: str = "encord"
    synced_by: str | None = None

    def in_place(self, integration: OpenedIntegration | None) -> Target:
        """The same target, with the place where the integration's bytes lie."""
        return self if integration is None else replace(self, location=integration.location.value)


@dataclass(frozen=True)
class Settled:
    """What a unit became: its item (None: it was skipped) and, where the target is a dataset, the item's data row."""

    item_id: str | None
    data_row_id: str | None


def settle_units(caller: Caller, tx: Transaction, target: Target, probed: Sequence[Probed]) -> list[Settled]:
    """Make the items (and parts) of these units, with few statements however many they are.

    Units that stand for items whose objects changed bring those up to date instead.
    """
    changed = [one for one in probed if one.unit.files[0].replaces is not None]
    item_commands.replace_facts(
        tx, [(str(one.unit.files[0].replaces), one.facts[0]) for one in changed], synced_by=target.synced_by
    )
    new = _make(caller, tx, target, [one for one in probed if one.unit.files[0].replaces is None])
    made = iter(new)
    return [Settled(one.unit.files[0].replaces, None) if one.unit.files[0].replaces else next(made) for one in probed]


def _make(caller: Caller, tx: Transaction, target: Target, probed: Sequence[Probed]) -> list[Settled]:
    if not probed:
        return []
    rows: list[dict[str, Any]] = []
    parts: dict[str, list[str]] = {}
    mains = []
    maker = _Maker(caller, target, _known_parts(tx, probed))
    for one in probed:
        made, part_ids = maker.rows(one)
        rows += made
        mains.append(str(made[-1]["id"]))
        if part_ids:
            parts[mains[-1]] = part_ids
    item_commands.insert_items(tx, rows, parts)
    slots.fulfil(tx, [one.unit for one in probed])
    hashes = add_to_dataset(tx, target, mains)
    return [Settled(item_id, hashes.get(item_id)) for item_id in mains]


def add_to_dataset(tx: Transaction, target: Target, item_ids: list[str]) -> dict[str, str]:
    """The data hashes of new items by item id, in the dataset that the job was for or that mirrors the folder."""
    if not item_ids:
        return {}
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


def _known_parts(tx: Transaction, probed: Sequence[Probed]) -> dict[str, Mapping[str, Any]]:
    """Items that are to become parts of a group as they are."""
    ids = [file.item_id for one in probed for file in one.unit.files if file.item_id is not None]
    return {row["id"]: row for row in _SIZES.rows(tx, {"ids": ids})} if ids else {}


class _Maker:
    """Makes the rows of the item table for one job's units."""

    def __init__(self, caller: Caller, target: Target, known: Mapping[str, Mapping[str, Any]]) -> None:
        self._caller = caller
        self._target = target
        self._known = known

    def rows(self, probed: Probed) -> tuple[list[dict[str, Any]], list[str]]:
        """New rows, the unit's own item last, and the ids of its parts in their order."""
        unit = probed.unit
        if not is_composite(unit):
            return [self._single(unit, probed.facts[0])], []
        if unit.files[0].item_id is not None:
            ids = [str(file.item_id) for file in unit.files]
            return [self._composite(unit, _facts_of_known([self._known[one] for one in ids]))], ids
        parts = [
            self._file(part_type(unit).value, file, file.title, facts, is_frame=True)
            for file, facts in zip(unit.files, probed.facts, strict=True)
        ]
        whole = probed.product or _composite_facts(unit, probed.facts)
        return [*parts, self._composite(unit, whole)], [part["id"] for part in parts]

    def _single(self, unit: UnitSpec, facts: Facts) -> dict[str, Any]:
        file = unit.files[0]
        row = self._file(unit.kind, file, unit.title or file.title, facts)
        if unit.client_metadata:
            row["client_metadata"] = orjson.dumps(unit.client_metadata).decode()
        if unit.settings:
            row["timeseries_settings"] = orjson.dumps(unit.settings).decode()
        return row

    def _file(
        self, kind: str, file: FileSpec, title: str | None, facts: Facts, *, is_frame: bool = False
    ) -> dict[str, Any]:
        row = item_commands.new_item(
            self._caller,
            self._target.folder_id,
            file.slot_id or new_id(),
            kind,
            title or file.url.rsplit("/", 1)[-1],
            facts,
            object_key=file.object_key,
            is_frame=is_frame,
        )
        if file.object_key is None:
            row["url"], row["url_key"] = file.url, item_commands.url_key(file.url)
            row["integration_id"], row["storage_location"] = self._target.integration_id, self._target.location
            row["synced_by"] = self._target.synced_by
        return row

    def _composite(self, unit: UnitSpec, facts: Facts) -> dict[str, Any]:
        product = unit.product
        row = item_commands.new_item(
            self._caller,
            self._target.folder_id,
            (product.slot_id if product else None) or new_id(),
            unit.kind,
            unit.title or _composite_title(unit),
            facts,
            object_key=product.object_key if product else None,
            client_metadata=orjson.dumps(unit.client_metadata).decode(),
        )
        if product is None and unit.files[0].object_key is None and unit.files[0].item_id is None:
            row["integration_id"], row["storage_location"] = self._target.integration_id, self._target.location
        return row


def _facts_of_known(parts: Sequence[Mapping[str, Any]]) -> Facts:
    return _facts_of_images([(part["mime_type"], part["file_size"] or 0) for part in parts])


def _facts_of_images(parts: Sequence[tuple[str, int]]) -> Facts:
    # The images of a group may differ in size, so the group has none.
    kinds = {mime for mime, _ in parts}
    mime = parts[0][0] if len(kinds) == 1 else "image/*"
    return Facts(mime_type=mime, file_size=sum(size for _, size in parts), frame_count=len(parts))


def _composite_facts(unit: UnitSpec, facts: Sequence[Facts]) -> Facts:
    if unit.item_type is not StorageItemType.DICOM_SERIES:
        return _facts_of_images([(fact.mime_type, fact.file_size) for fact in facts])
    size = sum(fact.file_size for fact in facts)
    frames = sum(fact.frame_count or 1 for fact in facts)
    return replace(facts[0], file_size=size, frame_count=frames, dicom_instance_uid=None, etag=None)


def _composite_title(unit: UnitSpec) -> str:
    first = unit.files[0].title or unit.files[0].url.rsplit("/", 1)[-1]
    others = len(unit.files) - 1
    return f"{first} and {others} more" if others else first
