"""Brings a database to the present schema: at once when it is empty, by Alembic's steps when it is older."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from corral.errors import OperationNotAllowed
from corral.server.database import Database
from corral.server.tables.schema import metadata

HEAD = "0002"


def upgrade(database: Database) -> None:
    """Make the schema current. Raises OperationNotAllowed for a database written by a newer Corral."""
    with database.write() as tx:
        inspector = sa.inspect(tx)
        if not inspector.get_table_names():
            metadata.create_all(tx)
            tx.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            tx.execute(sa.text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})
            return
        present = tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if present == HEAD:
        return
    if str(present or "") > HEAD:
        raise OperationNotAllowed(
            f"This database has schema {present}; this Corral knows {HEAD}. Install a newer Corral."
        )
    run_steps(database, "head")


def run_steps(database: Database, target: str) -> None:
    """Run Alembic's upgrade steps up to a revision."""
    # Alembic takes a third of a second to import; a current database never needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic_environment"))
    config.set_main_option("version_locations", str(Path(__file__).parent / "versions"))
    with database.rebuild() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, target)
