"""Statements of hot paths, run on the driver's own cursor: half the cost of the way through SQLAlchemy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from corral.server.database import Transaction, is_sqlite

Row = dict[str, Any]
Values = Mapping[str, Any]

# Not preceded by another colon: `::` is a cast.
_PARAMETER = re.compile(r"(?<!:):(\w+)")
_LIST = re.compile(r"IN :(\w+)\[\]")


class Statement:
    """One fixed SQL text for both databases.

    Parameters are written `:name`, lists of texts `IN :name[]` (one parameter however long the list is, so there
    is no limit on their number and the prepared text stays the same).
    """

    def __init__(self, sql: str) -> None:
        self._lists = _LIST.findall(sql)
        self._sqlite = _LIST.sub(r"IN (SELECT value FROM json_each(:\1))", sql)
        self._postgresql = _PARAMETER.sub(r"%(\1)s", _LIST.sub(r"= ANY(:\1)", sql.replace("%", "%%")))

    def first(self, tx: Transaction, values: Values) -> Row | None:
        """The first row as a dict, or None."""
        cursor = self._executed(tx, values)
        try:
            row = cursor.fetchone()
            return None if row is None else dict(zip(_names(cursor), row, strict=True))
        finally:
            cursor.close()

    def rows(self, tx: Transaction, values: Values) -> list[Row]:
        """Every row as a dict."""
        cursor = self._executed(tx, values)
        try:
            names = _names(cursor)
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def tuples(self, tx: Transaction, values: Values) -> list[Any]:
        """Every row as a tuple."""
        cursor = self._executed(tx, values)
        try:
            found: list[Any] = cursor.fetchall()
            return found
        finally:
            cursor.close()

    def column(self, tx: Transaction, values: Values) -> list[Any]:
        """The first value of every row."""
        cursor = self._executed(tx, values)
        try:
            return [row[0] for row in cursor.fetchall()]
        finally:
            cursor.close()

    def value(self, tx: Transaction, values: Values) -> Any:
        """The first value of the first row, None where there is no row."""
        cursor = self._executed(tx, values)
        try:
            row = cursor.fetchone()
            return None if row is None else row[0]
        finally:
            cursor.close()

    def run(self, tx: Transaction, values: Values) -> int:
        """Change rows; returns how many."""
        cursor = self._executed(tx, values)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def run_many(self, tx: Transaction, many: Sequence[Values]) -> None:
        """Run once for each of the value sets, in one round trip where the driver can."""
        if not many:
            return
        cursor = tx.connection.cursor()
        cursor.executemany(self._sqlite if is_sqlite(tx) else self._postgresql, many)
        cursor.close()

    def _executed(self, tx: Transaction, values: Values) -> Any:
        cursor = tx.connection.cursor()
        if not is_sqlite(tx):
            cursor.execute(self._postgresql, values)
            return cursor
        if self._lists:
            values = {**values, **{name: json.dumps(list(values[name])) for name in self._lists}}
        cursor.execute(self._sqlite, values)
        return cursor


def _names(cursor: Any) -> list[str]:
    return [column[0] for column in cursor.description]
