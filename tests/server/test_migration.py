"""The schema that Alembic's steps make is the one that an empty database gets at once, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from corral.errors import OperationNotAllowed
from corral.server.database import Database
from corral.server.tables import migration
from corral.server.tables.schema import metadata
from tests.conftest import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: object) -> Database:
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path}/x.sqlite")
    return Database(new_database(request.getfixturevalue("postgres")))


def test_steps_make_the_present_schema(database: Database) -> None:
    migration.run_steps(database, "head")
    with database.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
        assert tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == migration.HEAD
    database.close()


def test_an_empty_database_is_made_at_once_and_left_alone_then(database: Database) -> None:
    migration.upgrade(database)
    with database.write() as tx:
        values = {"id": "0" * 36, "title": "kept", "now": "2026-01-31T12:00:00.000000Z"}
        tx.execute(sa.text("INSERT INTO organisation (id, title, created_at) VALUES (:id, :title, :now)"), values)
    migration.upgrade(database)
    with database.read() as tx:
        assert tx.execute(sa.text("SELECT title FROM organisation")).scalar() == "kept"
    database.close()


def test_a_newer_database_is_refused(database: Database) -> None:
    migration.upgrade(database)
    with database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OperationNotAllowed, match="newer Corral"):
        migration.upgrade(database)
    database.close()
