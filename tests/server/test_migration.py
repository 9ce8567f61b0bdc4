"""The schema that Alembic's steps make is the one that an empty database gets at once, on both databases."""

from __future__ import annotations

import uuid

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


def test_an_older_database_keeps_its_rows(database: Database) -> None:
    migration.run_steps(database, "0001")
    ids = {name: str(uuid.uuid4()) for name in ("organisation", "user", "folder", "item", "part", "job", "unit")}
    values = {**ids, "now": "2026-01-31T12:00:00.000000Z"}
    with database.write() as tx:
        for statement in _OLD_ROWS:
            tx.execute(sa.text(statement), values)
    migration.upgrade(database)
    with database.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
        found = tx.execute(sa.text("SELECT name, url, integration_id FROM item ORDER BY name")).fetchall()
        assert [tuple(row) for row in found] == [("a", None, None), ("b", None, None)]
        assert tx.execute(sa.text("SELECT child_id FROM item_child")).scalar() == ids["part"]
        assert bool(tx.execute(sa.text("SELECT is_unpacked FROM job")).scalar()) is True
        assert tx.execute(sa.text("SELECT worker_id FROM job_unit")).fetchall() == [(None,)]
    database.close()


_ITEM = (
    "INSERT INTO item (id, organisation_id, folder_id, item_type, name, owner_id, created_at, last_edited_at,"
    " storage_location) VALUES ({0}, :organisation, :folder, 'image', '{1}', :user, :now, :now, 'encord')"
)
_OLD_ROWS = (
    "INSERT INTO organisation (id, title, created_at) VALUES (:organisation, 'o', :now)",
    "INSERT INTO corral_user (id, organisation_id, email, role, created_at, last_edited_at)"
    " VALUES (:user, :organisation, 'a@b', 'ADMIN', :now, :now)",
    "INSERT INTO folder (id, organisation_id, name, owner_id, created_at, last_edited_at)"
    " VALUES (:folder, :organisation, 'f', :user, :now, :now)",
    _ITEM.format(":item", "a"),
    _ITEM.format(":part", "b"),
    "INSERT INTO item_child (parent_id, position, child_id) VALUES (:item, 0, :part)",
    "INSERT INTO job (id, organisation_id, user_id, folder_id, status, created_at)"
    " VALUES (:job, :organisation, :user, :folder, 'PENDING', :now)",
    "INSERT INTO job_unit (id, job_id, position, state, spec) VALUES (:unit, :job, 0, 'PENDING', '{}')",
)


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
