"""Integrations with customers' storage, jobs worked off by worker processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.String(36)
_TIME = sa.String(27)
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_INDEXES = (
    ("ix_item_object_key", "object_key"),
    ("ix_item_url_key", "url_key", "folder_id"),
    ("ix_item_integration_id", "integration_id"),
)


def upgrade() -> None:
    """Add the tables of integrations and workers, and the columns that point to them."""
    op.create_table(
        "integration",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("organisation_id", _ID, sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False, comment="JSON without secrets"),
        sa.Column("credentials", sa.Text(), comment="encrypted JSON"),
        sa.Column("is_client_only", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("url_seconds", sa.Integer(), nullable=False),
        sa.Column("creator_id", _ID, sa.ForeignKey("corral_user.id"), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("last_edited_at", _TIME, nullable=False),
    )
    op.create_index("ix_integration_organisation_id", "integration", ["organisation_id"])
    op.create_table(
        "integration_grant",
        sa.Column("user_id", _ID, sa.ForeignKey("corral_user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("integration_id", _ID, sa.ForeignKey("integration.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", sa.String(8), nullable=False),
    )
    op.create_index("ix_integration_grant_integration_id", "integration_grant", ["integration_id"])
    op.create_table(
        "job_request",
        sa.Column("job_id", _ID, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("worker_id", _ID, comment="the worker that is reading it now"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        comment="what a large job was asked for, in parts, until its units are written down",
    )
    op.create_table(
        "worker",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("place", sa.Text(), nullable=False, comment="host and process, for people"),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
    )
    _change_folders()
    _change_items()
    _change_jobs()


def _change_folders() -> None:
    with op.batch_alter_table("folder") as folder:
        folder.add_column(sa.Column("integration_id", _ID, nullable=True))
        folder.add_column(sa.Column("remote_url", sa.Text(), comment="what a cloud-synced folder is kept in step with"))
        folder.add_column(
            sa.Column("config", sa.Text(), comment="JSON: the folder's configuration as clients wrote it")
        )
        folder.create_foreign_key("fk_folder_integration_id_integration", "integration", ["integration_id"], ["id"])


def _change_items() -> None:
    with op.batch_alter_table("item") as item:
        item.add_column(sa.Column("url_key", _NAME, comment="the URL, shortened to what an index entry holds"))
        item.add_column(sa.Column("integration_id", _ID, nullable=True))
        item.add_column(sa.Column("etag", sa.Text(), comment="what the bucket said of the bytes when they were read"))
        item.add_column(sa.Column("sidecar_etag", sa.Text(), comment="the metadata sidecar that was attached last"))
        item.add_column(sa.Column("synced_by", _ID, comment="the latest sync that found the object in its bucket"))
        item.create_foreign_key("fk_item_integration_id_integration", "integration", ["integration_id"], ["id"])
        item.drop_index("ix_item_folder_url")
        item.drop_index("ix_item_object_key")
        for name, *columns in _INDEXES:
            where = sa.text(f"{columns[0]} IS NOT NULL")
            item.create_index(name, columns, sqlite_where=where, postgresql_where=where)


def _change_jobs() -> None:
    with op.batch_alter_table("job") as job:
        job.drop_column("cancel_requested")
        job.add_column(sa.Column("integration_id", _ID, nullable=True))
        job.add_column(sa.Column("is_unpacked", sa.Boolean(), nullable=False, server_default=sa.true()))
        job.add_column(
            sa.Column("scan", sa.Text(), comment="JSON: how far a sync has listed its bucket; null for other jobs")
        )
        job.create_foreign_key("fk_job_integration_id_integration", "integration", ["integration_id"], ["id"])
    with op.batch_alter_table("job_unit") as unit:
        unit.add_column(sa.Column("worker_id", _ID, comment="the worker that is reading it now"))
        unit.drop_index("ix_job_unit_job_state")
        unit.create_index("ix_job_unit_job_state", ["job_id", "state", "position"])
