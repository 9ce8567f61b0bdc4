"""Opens the database (SQLite file or PostgreSQL) and hands out read and write transactions."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from corral.server.folding import fold_case

Transaction = sa.Connection

_BUSY_MILLISECONDS = 30_000


class Turn:
    """A queue of the processes that write to one SQLite file.

    SQLite's own way is to sleep and try again; here the kernel wakes the next one at once, and a killed process
    gives its turn back. Not for threads: they queue before.
    """

    def __init__(self, path: str | None) -> None:
        self._descriptor = None if path is None else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, *, wait: bool) -> bool:
        """Wait for the turn; without `wait`, False if another process has it."""
        if self._descriptor is None:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def give(self) -> None:
        """Let the next process write."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Never write again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> None:
        self.take(wait=True)

    def __exit__(self, *_error: object) -> None:
        self.give()


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
            self._turn = Turn(f"{self.url.database}-turn" if self.url.database else None)
            self.engine = sa.create_engine(self.url, pool_size=64, max_overflow=64, query_cache_size=2000)
            _prepare_sqlite(self.engine)
        else:
            self.engine = sa.create_engine(
                self.url, pool_size=16, max_overflow=16, pool_pre_ping=True, query_cache_size=2000
            )
        self._writer: Transaction | None = None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only looks."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Transaction]:
        """A short look within one function; on SQLite over a connection that stays open for the calling thread.

        Each statement sees the newest state, and no generator may hold it across threads.
        """
        if not self.is_sqlite or getattr(self._kept, "busy", False):
            with self.read() as connection:
                yield connection
            return
        connection = self._kept_connection()
        self._kept.busy = True
        try:
            yield connection
        finally:
            self._kept.busy = False
            if connection.in_transaction():
                connection.rollback()

    def _kept_connection(self) -> Transaction:
        connection: Transaction | None = getattr(self._kept, "connection", None)
        if connection is None or connection.closed:
            connection = self._kept.connection = self.engine.connect()
        return connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """A transaction that changes; on SQLite writers queue here instead of sleeping on a busy file.

        Without `durable`, the commit survives a killed process but perhaps not a power cut (it is never torn): for
        what its client would ask for again anyway.
        """
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                if not durable:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield connection
            return
        with self._one_writer, self._turn:
            connection = self._writing_connection()
            _set(connection, "synchronous", "full" if durable else "normal")
            with connection.begin():
                yield connection

    @contextmanager
    def write_if_free(self) -> Iterator[Transaction | None]:
        """A transaction as by `write(durable=False)` if SQLite's writer is free this very moment, else None.

        Waits for nothing, neither another writer nor the disk: the event loop itself may use it.
        """
        if not self.is_sqlite or not self._one_writer.acquire(blocking=False):
            yield None
            return
        try:
            if not self._turn.take(wait=False):
                yield None
                return
            try:
                connection = self._writing_connection()
                _set(connection, "synchronous", "normal")
                begun = _begin_at_once(connection)
                if begun is None:
                    yield None
                    return
                with begun:
                    yield connection
            finally:
                self._turn.give()
        finally:
            self._one_writer.release()

    @contextmanager
    def rebuild(self) -> Iterator[Transaction]:
        """A transaction in which tables may be dropped and made anew; the rows must refer to each other at its end."""
        if not self.is_sqlite:
            with self.write() as connection:
                yield connection
            return
        with self._one_writer, self._turn:
            connection = self._writing_connection()
            _set(connection, "foreign_keys", "off")  # SQLite heeds this only outside of a transaction
            try:
                with connection.begin():
                    yield connection
                    broken = connection.exec_driver_sql("pragma foreign_key_check").fetchone()
                    if broken is not None:
                        raise RuntimeError(f"a row of {broken[0]} refers to a row of {broken[2]} that is not there")
            finally:
                _set(connection, "foreign_keys", "on")

    def _writing_connection(self) -> Transaction:
        if self._writer is None or self._writer.closed:
            self._writer = self.engine.connect().execution_options(corral_write=True)
        return self._writer

    def close(self) -> None:
        """Close every connection."""
        if self._writer is not None:
            self._writer.close()
        if self.is_sqlite:
            self._turn.close()
        self.engine.dispose()


def _set(connection: Transaction, pragma: str, value: str | int) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"pragma {pragma}={value}")
    cursor.close()


def _begin_at_once(connection: Transaction) -> sa.Transaction | None:
    _set(connection, "busy_timeout", 0)
    try:
        return connection.begin()
    except sa.exc.OperationalError:  # another process is writing
        return None
    finally:
        _set(connection, "busy_timeout", _BUSY_MILLISECONDS)


def _prepare_sqlite(engine: sa.Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's begin event below starts transactions, not the driver
        # As on PostgreSQL (see tables/schema): SQLite's own lower() folds only ASCII.
        connection.create_function("fold_case", 1, _fold_case, deterministic=True)
        cursor = connection.cursor()
        cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=full")
        cursor.execute("pragma foreign_keys=on")
        cursor.execute(f"pragma busy_timeout={_BUSY_MILLISECONDS}")
        cursor.execute("pragma wal_autocheckpoint=8000")
        cursor.execute("pragma cache_size=-65536")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("corral_write", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")


def _fold_case(text: object) -> str | None:
    return None if text is None else fold_case(str(text))


def row_dict(result: sa.CursorResult[Any]) -> dict[str, Any] | None:
    """The only or first row of a result as a dict, or None."""
    row = result.mappings().first()
    return None if row is None else dict(row)


def is_sqlite(tx: Transaction) -> bool:
    """Whether this transaction runs on SQLite."""
    return tx.dialect.name == "sqlite"
