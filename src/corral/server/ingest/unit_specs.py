"""What a job registers, in one form whatever shape it was asked for in: units, and the files of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from corral.errors import InvalidArgumentsError
from corral.vocabulary import StorageItemType


@dataclass(slots=True)
class FileSpec:
    """One file of a unit: where its bytes are and what it is called.

    `slot_id` names an upload slot, `item_id` an item that exists already and becomes a part, `replaces` one whose
    object has other bytes now; `supplied` are facts that were given and are trusted in place of reading the bytes.
    """

    url: str
    title: str | None = None
    slot_id: str | None = None
    object_key: str | None = None
    item_id: str | None = None
    replaces: str | None = None
    supplied: dict[str, Any] | None = None


@dataclass(slots=True)
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
        return _ITEM_TYPES[self.kind]

    @property
    def urls(self) -> list[str]:
        """The object URLs that the client named, for error reports."""
        return [file.url for file in self.files]

    def to_json(self) -> str:
        """The form that the ledger keeps."""
        return orjson.dumps(self).decode()

    @classmethod
    def from_json(cls, text: str) -> UnitSpec:
        """Read the ledger's form."""
        data = orjson.loads(text)
        data["files"] = [FileSpec(**file) for file in data["files"]]
        if data["product"] is not None:
            data["product"] = FileSpec(**data["product"])
        return cls(**data)


_ITEM_TYPES = {item_type.value: item_type for item_type in StorageItemType}


def check_titles(units: Iterable[UnitSpec], limit: int) -> None:
    """Raise InvalidArgumentsError for a title over `limit` characters or with control characters."""
    for unit in units:
        check_title(unit.title, limit)
        for file in unit.files:
            if file.title is not unit.title:
                check_title(file.title, limit)


def check_title(title: str | None, limit: int) -> None:
    """Raise InvalidArgumentsError for a title over `limit` characters or with characters that cannot be stored."""
    if title is None or (len(title) <= limit and title.isascii() and title.isprintable()):
        return
    if len(title) > limit:
        raise InvalidArgumentsError(f"A title may have at most {limit} characters; this one has {len(title)}.")
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in title):
        raise InvalidArgumentsError(f"The title {title!r} has characters that cannot be stored.")
