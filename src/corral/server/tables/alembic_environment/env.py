"""Runs migration steps inside the transaction that `tables/migration.py` opened."""

from __future__ import annotations

from alembic import context

from corral.server.tables.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
