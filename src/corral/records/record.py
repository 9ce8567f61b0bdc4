"""The ground under every record: snake_case in Python, camelCase on the REST wire, lenient when reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

T = TypeVar("T")


def parse_moment(value: object) -> object:
    """Read a time in any form that travels: ISO 8601, `YYYY-MM-DD HH:MM:SS`, RFC 1123, epoch seconds.

    A time without a zone is UTC. Values it cannot read are returned as they are, for the validator to refuse.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        value = _read_text(value.strip())
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def _read_text(text: str) -> object:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text)
        except ValueError:
            continue
    return text


Moment = Annotated[datetime, BeforeValidator(parse_moment)]


class Record(BaseModel):
    """A type that travels. Unknown keys are ignored, so that either side may be newer than the other."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    @classmethod
    def from_wire(cls, data: object) -> Self:
        """Read the wire's object, in camelCase or snake_case. Raises pydantic.ValidationError."""
        return cls.model_validate(data)

    def to_wire(self) -> dict[str, Any]:
        """The object as the REST wire carries it: camelCase, without nulls; dicts of the user stay untouched."""
        wire: dict[str, Any] = {}
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None:
                wire[info.alias or name] = _wire_value(value)
        return wire


class Page(Record, Generic[T]):
    """A part of a listing; `next_page_token` is None on the last one."""

    results: list[T]
    next_page_token: str | None = None


def _wire_value(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_wire()
    if isinstance(value, (list, tuple)):
        return [_wire_value(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, (Record, list, tuple)):
        return _wire_value(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if hasattr(value, "value"):
        return value.value
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def wire_json(value: object) -> bytes:
    """JSON bytes of something that `to_wire` made."""
    return json.dumps(value).encode()
