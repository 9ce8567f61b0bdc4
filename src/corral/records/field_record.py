"""Dict-shaped records of the older protocol, with a fixed set of typed fields that also work as attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID


class FieldRecord(dict[str, Any]):
    """A dict that keeps only its known fields and refuses values of the wrong type (TypeError)."""

    DB_FIELDS: ClassVar[dict[str, type]] = {}
    NON_UPDATABLE_FIELDS: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, dic: Mapping[str, Any]) -> None:
        if not isinstance(dic, Mapping):
            raise TypeError(f"{type(self).__name__} is made from a dict, not from {type(dic).__name__}.")
        super().__init__()
        for name, value in dic.items():
            if name in self.DB_FIELDS:
                self[name] = self._checked(name, value)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no value for {name!r}.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.DB_FIELDS:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}.")
        self[name] = self._checked(name, value)

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"{type(self).__name__} has no value for {name!r}.")
        del self[name]

    @classmethod
    def from_dict(cls, json_dict: Mapping[str, Any]) -> FieldRecord:
        """Read the wire's object."""
        return cls(json_dict)

    def _checked(self, name: str, value: Any) -> Any:
        kind = self.DB_FIELDS[name]
        if kind is UUID and isinstance(value, str):
            value = UUID(value)
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{name} of {type(self).__name__} must be {kind.__name__}, not {type(value).__name__}.")
        return value


class FieldRecordList(list[Any]):
    """A list of field records of one type."""

    BASE_ORM_TYPE: ClassVar[type[FieldRecord]] = FieldRecord

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(self.BASE_ORM_TYPE(entry) for entry in entries)
