"""Transactions of the embedded database when another process is writing to the same file."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from corral.server.database import Database, Transaction
from corral.server.statements import Statement

_ADD = Statement("INSERT INTO thing (name) VALUES (:name)")
_COUNT = Statement("SELECT COUNT(*) FROM thing")
_NAMED = Statement("SELECT name FROM thing WHERE name IN :names[] ORDER BY name")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = Database(f"sqlite:///{tmp_path / 'one.sqlite'}")
    with opened.write() as tx:
        tx.execute(sa.text("CREATE TABLE thing (name TEXT)"))
    return opened


def test_write_if_free_gives_up_at_once_while_another_process_writes(database: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "one.sqlite", isolation_level=None)
    other.execute("begin immediate")
    with database.write_if_free() as tx:
        assert tx is None
    other.execute("rollback")
    with database.write_if_free() as tx:
        assert tx is not None
        _ADD.run(tx, {"name": "a"})
    with database.write() as tx:
        _ADD.run(tx, {"name": "b"})
    with database.glance() as tx:
        assert _COUNT.value(tx, {}) == 2


def test_write_if_free_gives_up_while_this_process_writes(database: Database) -> None:
    with database.write(), database.write_if_free() as tx:
        assert tx is None


def test_a_failed_write_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    def fail(opened: AbstractContextManager[Transaction | None]) -> None:
        with opened as tx:
            assert tx is not None
            _ADD.run(tx, {"name": "lost"})
            raise RuntimeError

    for begin in (database.write, database.write_if_free):
        with pytest.raises(RuntimeError):
            fail(begin())
    with database.write() as tx:
        _ADD.run_many(tx, [{"name": "kept"}, {"name": "o'clock %"}])
        assert _NAMED.column(tx, {"names": ["lost", "kept", "o'clock %"]}) == ["kept", "o'clock %"]
        assert _NAMED.column(tx, {"names": []}) == []


def test_glances_may_be_nested(database: Database) -> None:
    with database.glance() as outer, database.glance() as inner:
        assert outer is not inner
        assert _COUNT.value(outer, {}) == _COUNT.value(inner, {}) == 0
