"""Opens the database (SQLite file or PostgreSQL) and hands out read and write transactions."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

Transaction = sa.Connection


class Database:
    """One database; threads may share it. A transaction ends with the `with` block: commit, or rollback on error."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._one_writer = threading.Lock()
        self._kept = threading.local()
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(self.url, pool_size=64, max_overflow=64, query_cache_size=2000)
            _prepare_sqlite(self.engine)
        else:
            self.engine = sa.create_engine(
                self.url, pool_size=16, max_overflow=16, pool_pre_ping=True, query_cache_size=2000
            )
        self._writing = self.engine.execution_options(corral_write=True)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only looks."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Transaction]:
        """A short look on a connection that stays open for the calling thread; must not be nested."""
        connection: Transaction | None = getattr(self._kept, "connection", None)
        if connection is None or connection.closed:
            connection = self._kept.connection = self.engine.connect()
        try:
            yield connection
        finally:
            if connection.in_transaction():
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that changes; on SQLite writers queue here instead of sleeping on a busy file."""
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._one_writer, self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare_sqlite(engine: sa.Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's begin event below starts transactions, not the driver
        # SQLite folds only ASCII; people search for names in every script, as PostgreSQL does.
        connection.create_function("lower", 1, _lower, deterministic=True)
        cursor = connection.cursor()
        cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=full")
        cursor.execute("pragma foreign_keys=on")
        cursor.execute("pragma busy_timeout=30000")
        cursor.execute("pragma cache_size=-65536")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("corral_write", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")


def _lower(text: object) -> str | None:
    return None if text is None else str(text).lower()


class PointQuery:
    """A read of a few rows on a hot path, run on the driver's own cursor: half the cost of the way through SQLAlchemy.

    Parameters are written `:name`; the text must hold no other colon and no percent sign.
    """

    def __init__(self, sql: str) -> None:
        self._sqlite = sql
        self._postgresql = re.sub(r":(\w+)", r"%(\1)s", sql)

    def first(self, tx: Transaction, values: Mapping[str, object]) -> dict[str, Any] | None:
        """The first row as a dict, or None."""
        cursor = tx.connection.cursor()
        try:
            cursor.execute(self._sqlite if is_sqlite(tx) else self._postgresql, values)
            row = cursor.fetchone()
            return None if row is None else dict(zip([column[0] for column in cursor.description], row, strict=True))
        finally:
            cursor.close()


def row_dict(result: sa.CursorResult[Any]) -> dict[str, Any] | None:
    """The only or first row of a result as a dict, or None."""
    row = result.mappings().first()
    return None if row is None else dict(row)


def is_sqlite(tx: Transaction) -> bool:
    """Whether this transaction runs on SQLite."""
    return tx.dialect.name == "sqlite"
