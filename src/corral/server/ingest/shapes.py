"""Reads what clients ask to register: the typed shape and the file shape, in every documented spelling.

Both are objects of lists; names may be camelCase or snake_case, singular or plural, and the files of a group or
series may be a list or numbered keys (`objectUrl_0`, `objectUrl_1` ...).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from corral.errors import InvalidArgumentsError, OperationNotBuiltError
from corral.server.ingest import supplied
from corral.server.ingest.unit_specs import FileSpec, UnitSpec
from corral.vocabulary import StorageItemType

Entry = Mapping[str, Any]

_SINGLES = {
    "video": StorageItemType.VIDEO,
    "image": StorageItemType.IMAGE,
    "audio": StorageItemType.AUDIO,
    "timeseries": StorageItemType.TIMESERIES,
    "timeserie": StorageItemType.TIMESERIES,
    "nifti": StorageItemType.NIFTI,
    "text": StorageItemType.PLAIN_TEXT,
    "plaintext": StorageItemType.PLAIN_TEXT,
    "pdf": StorageItemType.PDF,
}
# In this order units are numbered, and so their items are made.
_ORDER = (*_SINGLES, "imagegroup", "dicomserie", "dicom", "scene", "imagegroupsfromitem")
_GROUPS = ("imagegroup", "dicomserie", "dicom", "imagegroupsfromitem")
_FLAGS = {"skipduplicateurl", "upsertmetadata"}
_NUMBERED = re.compile(r"(objecturl|url|title|imagemetadata|dicommetadata)(\d+)")


@dataclass(frozen=True)
class Asked:
    """What a client asks to register: lists of entries by kind, and the two flags."""

    sections: Mapping[str, list[Any]]
    skip_duplicate_urls: bool
    upsert_metadata: bool

    @property
    def count(self) -> int:
        """How many units there are."""
        return sum(len(entries) for entries in self.sections.values())

    @property
    def files(self) -> int:
        """How many object URLs they name, about: what is no group counts as one."""
        singles = sum(len(entries) for section, entries in self.sections.items() if section not in _GROUPS)
        return singles + sum(
            _count(entry) for section in _GROUPS for entry in self.sections.get(section, ()) if isinstance(entry, dict)
        )


def read(data: Mapping[str, Any]) -> Asked:
    """Sort out the sections. Raises InvalidArgumentsError for names that mean nothing and for no lists."""
    sections: dict[str, list[Any]] = {}
    flags = dict.fromkeys(_FLAGS, False)
    for name, value in data.items():
        plain = _singular(name)
        if plain in _FLAGS:
            if value is not None and not isinstance(value, bool):
                raise InvalidArgumentsError(f"{name} must be true or false.")
            flags[plain] = bool(value)
        elif plain not in _ORDER:
            raise InvalidArgumentsError(f"{name[:100]!r} is no kind of data; the kinds are {', '.join(_ORDER)}.")
        elif value is not None:
            if not isinstance(value, list):
                raise InvalidArgumentsError(f"{name} must be a list.")
            sections.setdefault(plain, []).extend(value)
    return Asked(sections, flags["skipduplicateurl"], flags["upsertmetadata"])


def units(asked: Asked) -> Iterator[UnitSpec]:
    """The units one by one, always in the same order. Raises InvalidArgumentsError naming the entry that is wrong."""
    for section, entries in in_order(asked):
        for position, entry in enumerate(entries):
            yield unit(section, entry, f"{section}[{position}]")


def _count(entry: Entry) -> int:
    listed = [len(value) for value in entry.values() if isinstance(value, list)]
    return max(listed) if listed else len(entry)


def in_order(asked: Asked) -> Iterator[tuple[str, list[Any]]]:
    """The sections that have entries, in the order in which units are numbered."""
    return ((section, asked.sections[section]) for section in _ORDER if asked.sections.get(section))


def placed(part: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """The entries of a part of a large request, each with the place that it had in the whole."""
    for position, entry in enumerate(part["entries"], part["start"]):
        yield entry, f"{part['section']}[{position}]"


def unit(section: str, entry: object, place: str) -> UnitSpec:
    """One unit. Raises InvalidArgumentsError naming the place of what is wrong."""
    if not isinstance(entry, dict):
        raise InvalidArgumentsError(f"{place} must be an object.")
    return _MAKERS[section]({_plain(name): value for name, value in entry.items()}, place)


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _singular(name: str) -> str:
    plain = _plain(name)
    return plain if plain in _ORDER else plain.removesuffix("s")


def _single(item_type: StorageItemType, entry: Entry, place: str) -> UnitSpec:
    file = _file(entry, place)
    file.supplied = supplied.facts(item_type, entry, place)
    settings = entry.get("settings") if item_type is StorageItemType.TIMESERIES else None
    return UnitSpec(item_type.value, file.title, [file], _client_metadata(entry, place), settings)


def _image_group(entry: Entry, place: str) -> UnitSpec:
    kind = StorageItemType.IMAGE_SEQUENCE if entry.get("createvideo") else StorageItemType.IMAGE_GROUP
    return _composite(entry, kind, StorageItemType.IMAGE, "images", place)


def _dicom_series(entry: Entry, place: str) -> UnitSpec:
    return _composite(entry, StorageItemType.DICOM_SERIES, StorageItemType.DICOM_FILE, "dicomfiles", place)


def _composite(entry: Entry, kind: StorageItemType, part: StorageItemType, key: str, place: str) -> UnitSpec:
    listed = entry.get(key)
    files = _numbered(entry) if listed is None else listed
    if not isinstance(files, list) or not files or not all(isinstance(file, dict) for file in files):
        raise InvalidArgumentsError(f"{place} must name at least one file, as {key} or as objectUrl_0, objectUrl_1 ...")
    specs = []
    for position, raw in enumerate(files):
        at = f"{place}.{key}[{position}]"
        fields = {_plain(name): value for name, value in raw.items()}
        spec = _file(fields, at)
        spec.supplied = supplied.facts(part, fields, at)
        specs.append(spec)
    return UnitSpec(kind.value, _title(entry, place), specs, _client_metadata(entry, place))


def _numbered(entry: Entry) -> list[dict[str, Any]]:
    """The files of a group that are numbered keys, in the order of their numbers."""
    files: dict[int, dict[str, Any]] = {}
    for name, value in entry.items():
        match = _NUMBERED.fullmatch(name)
        if match is not None:
            files.setdefault(int(match[2]), {})[match[1]] = value
    return [files[number] for number in sorted(files)]


def _scene(entry: Entry, place: str) -> UnitSpec:
    scene = entry.get("scene")
    fields = {_plain(name): value for name, value in scene.items()} if isinstance(scene, dict) else {}
    if not isinstance(fields.get("url"), str):
        raise OperationNotBuiltError("Scenes made of streams are not built yet; a scene in one file is.")
    file = _file(
        {**fields, "title": entry.get("title"), "placeholderitemuuid": entry.get("placeholderitemuuid")}, place
    )
    return UnitSpec(StorageItemType.SCENE.value, file.title, [file], _client_metadata(entry, place))


def _group_of_items(entry: Entry, place: str) -> UnitSpec:
    ids = entry.get("imageitems")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise InvalidArgumentsError(f"{place}.imageItems must be a list of item identifiers.")
    if entry.get("createvideo"):
        raise OperationNotBuiltError("Image sequences from existing items are not built yet; groups are.")
    files = [FileSpec(url=one, item_id=one) for one in ids]
    kind = StorageItemType.IMAGE_GROUP
    return UnitSpec(kind.value, _title(entry, place), files, _client_metadata(entry, place))


def _file(entry: Entry, place: str) -> FileSpec:
    url = entry.get("objecturl") or entry.get("url")
    if not isinstance(url, str):
        raise InvalidArgumentsError(f"{place}.objectUrl must be a non-empty string.")
    slot = entry.get("placeholderitemuuid")
    return FileSpec(url, _title(entry, place), None if slot is None else str(slot))


def _title(entry: Entry, place: str) -> str | None:
    title = entry.get("title")
    if title is None or title == "":
        return None
    if not isinstance(title, str):
        raise InvalidArgumentsError(f"{place}.title must be text.")
    return title


def _client_metadata(entry: Entry, place: str) -> dict[str, Any]:
    metadata = entry.get("clientmetadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise InvalidArgumentsError(f"{place}.clientMetadata must be an object.")
    return metadata


_MAKERS: dict[str, Callable[[Entry, str], UnitSpec]] = {
    **{section: partial(_single, item_type) for section, item_type in _SINGLES.items()},
    "imagegroup": _image_group,
    "dicomserie": _dicom_series,
    "dicom": _dicom_series,
    "scene": _scene,
    "imagegroupsfromitem": _group_of_items,
}
