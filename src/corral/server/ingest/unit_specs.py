"""Turns what clients ask to register into one list of unit specs, whatever shape it came in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from corral.errors import InvalidArgumentsError, OperationNotBuiltError
from corral.vocabulary import StorageItemType


@dataclass
class FileSpec:
    """One file of a unit: where its bytes are and what it is called."""

    url: str
    title: str | None = None
    slot_id: str | None = None
    object_key: str | None = None


@dataclass
class UnitSpec:
    """One unit of a job: a single file, or the files of a group, sequence or series.

    `product` is the file that Corral itself makes of them (the video of a sequence).
    """

    kind: str
    title: str | None
    files: list[FileSpec]
    client_metadata: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] | None = None
    product: FileSpec | None = None

    @property
    def item_type(self) -> StorageItemType:
        """The type of the item that the unit makes."""
        return StorageItemType(self.kind)

    @property
    def urls(self) -> list[str]:
        """The object URLs that the client named, for error reports."""
        return [file.url for file in self.files]

    def to_json(self) -> str:
        """The form that the ledger keeps."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> UnitSpec:
        """Read the ledger's form."""
        data = json.loads(text)
        product = data.get("product")
        files = [FileSpec(**file) for file in data["files"]]
        return cls(**{**data, "files": files, "product": FileSpec(**product) if product else None})


_SINGLES = {
    "videos": StorageItemType.VIDEO,
    "images": StorageItemType.IMAGE,
    "audio": StorageItemType.AUDIO,
    "timeSeries": StorageItemType.TIMESERIES,
    "nifti": StorageItemType.NIFTI,
    "text": StorageItemType.PLAIN_TEXT,
    "pdf": StorageItemType.PDF,
}


def from_data_items(data_items: Mapping[str, Any]) -> list[UnitSpec]:
    """Read the typed shape (camelCase, already validated as an object of lists).

    Raises InvalidArgumentsError naming the entry that is wrong, OperationNotBuiltError for parts not built yet.
    """
    units: list[UnitSpec] = []
    for name, item_type in _SINGLES.items():
        for position, entry in _entries(data_items, name):
            units.append(_single(entry, item_type, f"{name}[{position}]"))
    for position, entry in _entries(data_items, "imageGroups"):
        kind = StorageItemType.IMAGE_SEQUENCE if entry.get("createVideo") else StorageItemType.IMAGE_GROUP
        units.append(_composite(entry, kind, "images", f"imageGroups[{position}]"))
    for position, entry in _entries(data_items, "dicomSeries"):
        units.append(_composite(entry, StorageItemType.DICOM_SERIES, "dicomFiles", f"dicomSeries[{position}]"))
    for position, entry in _entries(data_items, "scenes"):
        units.append(_scene(entry, f"scenes[{position}]"))
    if list(_entries(data_items, "imageGroupsFromItems")):
        raise OperationNotBuiltError("Image groups from existing items are not built yet.")
    return units


def _entries(data_items: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    entries = data_items.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidArgumentsError(f"{name} must be a list of objects.")
    return enumerate(entries)


def _single(entry: Mapping[str, Any], item_type: StorageItemType, place: str) -> UnitSpec:
    file = _file(entry, "objectUrl", place)
    settings = entry.get("settings") if item_type is StorageItemType.TIMESERIES else None
    return UnitSpec(item_type.value, file.title, [file], _client_metadata(entry, place), settings)


def _composite(entry: Mapping[str, Any], item_type: StorageItemType, key: str, place: str) -> UnitSpec:
    files = entry.get(key)
    if not isinstance(files, list) or not files or not all(isinstance(file, dict) for file in files):
        raise InvalidArgumentsError(f"{place}.{key} must be a list with at least one file.")
    specs = [_file(file, "url", f"{place}.{key}[{position}]") for position, file in enumerate(files)]
    return UnitSpec(item_type.value, _title(entry, place), specs, _client_metadata(entry, place))


def _scene(entry: Mapping[str, Any], place: str) -> UnitSpec:
    scene = entry.get("scene")
    if not isinstance(scene, dict) or not isinstance(scene.get("url"), str):
        raise OperationNotBuiltError("Scenes made of streams are not built yet; a scene in one file is.")
    file = _file({**scene, "title": entry.get("title")}, "url", place)
    return UnitSpec(StorageItemType.SCENE.value, file.title, [file], _client_metadata(entry, place))


def _file(entry: Mapping[str, Any], key: str, place: str) -> FileSpec:
    url = entry.get(key)
    if not isinstance(url, str) or not url:
        raise InvalidArgumentsError(f"{place}.{key} must be a non-empty string.")
    slot = entry.get("placeholderItemUuid")
    return FileSpec(url=url, title=_title(entry, place), slot_id=None if slot is None else str(slot))


def _title(entry: Mapping[str, Any], place: str) -> str | None:
    title = entry.get("title")
    if title is None or title == "":
        return None
    if not isinstance(title, str):
        raise InvalidArgumentsError(f"{place}.title must be text.")
    return title


def _client_metadata(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    metadata = entry.get("clientMetadata") or {}
    if not isinstance(metadata, dict):
        raise InvalidArgumentsError(f"{place}.clientMetadata must be an object.")
    return metadata


def check_titles(units: Sequence[UnitSpec], limit: int) -> None:
    """Raise InvalidArgumentsError for a title over `limit` characters or with control characters."""
    for unit in units:
        for title in (unit.title, *(file.title for file in unit.files)):
            check_title(title, limit)


def check_title(title: str | None, limit: int) -> None:
    """Raise InvalidArgumentsError for a title over `limit` characters or with control characters."""
    if title is None:
        return
    if len(title) > limit:
        raise InvalidArgumentsError(f"A title may have at most {limit} characters; this one has {len(title)}.")
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in title):
        raise InvalidArgumentsError(f"The title {title!r} has characters that cannot be stored.")
