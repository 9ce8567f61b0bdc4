"""Every table and index of Corral.

Identifiers are UUIDv7 in their 36-character text form and times are UTC text of fixed width
(`2026-01-31T12:00:00.000000Z`), so that both sort, page and travel alike on SQLite and PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa

from corral.server.folding import FINAL_SIGMA, SIGMA

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# Case folding for searches, in every script whatever the locale of the server. SQLite gets it in database.py.
FOLD_CASE = (
    "CREATE OR REPLACE FUNCTION fold_case(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
    f""" $$SELECT replace(lower(value COLLATE "und-x-icu"), '{FINAL_SIGMA}', '{SIGMA}')$$"""
)
sa.event.listen(metadata, "before_create", sa.DDL(FOLD_CASE).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]

# Names sort and page by their bytes on both databases, whatever the locale of the server.
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _id(name: str = "id", **kwargs: object) -> sa.Column[str]:
    return sa.Column(name, sa.String(36), primary_key=True, **kwargs)  # type: ignore[arg-type]


def _reference(name: str, target: str, *, nullable: bool = False, cascade: bool = False) -> sa.Column[str]:
    link = sa.ForeignKey(target, ondelete="CASCADE" if cascade else None)
    return sa.Column(name, sa.String(36), link, nullable=nullable)


def _reference_key(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(36), sa.ForeignKey(target, ondelete="CASCADE"), primary_key=True)


def _time(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(27), nullable=nullable)


def _flag(name: str, *, default: bool = False) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.true() if default else sa.false())


def _given(name: str, column: str, *more: str) -> sa.Index:
    """An index of the rows that have a value in its first column: the others cost nothing."""
    where = sa.text(f"{column} IS NOT NULL")
    return sa.Index(name, column, *more, sqlite_where=where, postgresql_where=where)


# --- who -----------------------------------------------------------------------------------------

organisation = sa.Table(
    "organisation", metadata, _id(), sa.Column("title", sa.Text, nullable=False), _time("created_at")
)

user = sa.Table(
    "corral_user",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("member_type", sa.String(16), nullable=False, server_default="internal"),
    _time("created_at"),
    _time("last_edited_at"),
    _time("removed_at", nullable=True),
)

public_key = sa.Table(
    "public_key",
    metadata,
    sa.Column("key_hex", sa.String(64), primary_key=True),
    _reference("user_id", "corral_user.id", cascade=True),
    sa.Column("title", sa.Text, nullable=False),
    _time("created_at"),
    sa.Index("ix_public_key_user_id", "user_id"),
)

bearer_token = sa.Table(
    "bearer_token",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    _reference("user_id", "corral_user.id", cascade=True),
    _time("created_at"),
    _time("expires_at"),
)

page_session = sa.Table(
    "page_session",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    _reference("user_id", "corral_user.id", cascade=True),
    sa.Column("kind", sa.String(8), nullable=False),
    _time("created_at"),
    _time("expires_at"),
)

integration = sa.Table(
    "integration",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("settings", sa.Text, nullable=False, comment="JSON without secrets"),
    sa.Column("credentials", sa.Text, comment="encrypted JSON"),
    _flag("is_client_only"),
    sa.Column("url_seconds", sa.Integer, nullable=False),
    _reference("creator_id", "corral_user.id"),
    _time("created_at"),
    _time("last_edited_at"),
    sa.Index("ix_integration_organisation_id", "organisation_id"),
)

integration_grant = sa.Table(
    "integration_grant",
    metadata,
    sa.Column("user_id", sa.String(36), sa.ForeignKey("corral_user.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("integration_id", sa.String(36), sa.ForeignKey("integration.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Index("ix_integration_grant_integration_id", "integration_id"),
)

# --- what is stored --------------------------------------------------------------------------------

folder = sa.Table(
    "folder",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    _reference("parent_id", "folder.id", nullable=True),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("client_metadata", sa.Text, nullable=False, server_default="{}"),
    _reference("owner_id", "corral_user.id"),
    sa.Column("folder_type", sa.String(16), nullable=False, server_default="generic"),
    _reference("integration_id", "integration.id", nullable=True),
    sa.Column("remote_url", sa.Text, comment="what a cloud-synced folder is kept in step with"),
    sa.Column("config", sa.Text, comment="JSON: the folder's configuration as clients wrote it"),
    _time("created_at"),
    _time("last_edited_at"),
    sa.Index("ix_folder_parent_name", "organisation_id", "parent_id", "name", "id"),
    sa.Index("ix_folder_parent_id", "parent_id"),
)

folder_ancestor = sa.Table(
    "folder_ancestor",
    metadata,
    sa.Column("folder_id", sa.String(36), sa.ForeignKey("folder.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("ancestor_id", sa.String(36), sa.ForeignKey("folder.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("depth", sa.Integer, nullable=False),
    sa.Index("ix_folder_ancestor_ancestor_id", "ancestor_id", "folder_id"),
)

folder_grant = sa.Table(
    "folder_grant",
    metadata,
    sa.Column("user_id", sa.String(36), sa.ForeignKey("corral_user.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("folder_id", sa.String(36), sa.ForeignKey("folder.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("via_dataset", sa.Boolean, primary_key=True),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Index("ix_folder_grant_folder_id", "folder_id", "user_id"),
)

item = sa.Table(
    "item",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    _reference("folder_id", "folder.id"),
    sa.Column("item_type", sa.String(16), nullable=False),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("client_metadata", sa.Text, nullable=False, server_default="{}"),
    _reference("owner_id", "corral_user.id"),
    _time("created_at"),
    _time("last_edited_at"),
    sa.Column("storage_location", sa.String(16), nullable=False),
    sa.Column("object_key", sa.Text, comment="key in the platform's store; null when the bytes live elsewhere"),
    sa.Column("url", sa.Text, comment="object URL as it was given"),
    sa.Column("url_key", _NAME, comment="the URL, shortened to what an index entry holds"),
    _reference("integration_id", "integration.id", nullable=True),
    sa.Column("etag", sa.Text, comment="what the bucket said of the bytes when they were read"),
    sa.Column("sidecar_etag", sa.Text, comment="the metadata sidecar that was attached last"),
    sa.Column("synced_by", sa.String(36), comment="the latest sync that found the object in its bucket"),
    _flag("is_tombstone"),
    _flag("is_frame"),
    sa.Column("file_size", sa.BigInteger),
    sa.Column("mime_type", sa.Text),
    sa.Column("duration", sa.Float),
    sa.Column("fps", sa.Float),
    sa.Column("width", sa.BigInteger),
    sa.Column("height", sa.BigInteger),
    sa.Column("frame_count", sa.BigInteger),
    sa.Column("page_count", sa.BigInteger),
    sa.Column("dicom_instance_uid", sa.Text),
    sa.Column("dicom_study_uid", sa.Text),
    sa.Column("dicom_series_uid", sa.Text),
    sa.Column("audio_sample_rate", sa.BigInteger),
    sa.Column("audio_bit_depth", sa.BigInteger),
    sa.Column("audio_codec", sa.Text),
    sa.Column("audio_num_channels", sa.BigInteger),
    sa.Column("extra_facts", sa.Text, nullable=False, server_default="{}"),
    sa.Column("timeseries_settings", sa.Text),
    sa.Index("ix_item_folder_name", "folder_id", "name", "id"),
    sa.Index("ix_item_folder_created", "folder_id", "created_at", "id"),
    _given("ix_item_object_key", "object_key"),
    _given("ix_item_url_key", "url_key", "folder_id"),
    _given("ix_item_integration_id", "integration_id"),
)

item_child = sa.Table(
    "item_child",
    metadata,
    sa.Column("parent_id", sa.String(36), sa.ForeignKey("item.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("child_id", sa.String(36), sa.ForeignKey("item.id"), nullable=False),
    sa.Index("ix_item_child_child_id", "child_id"),
)

# --- datasets --------------------------------------------------------------------------------------

dataset = sa.Table(
    "dataset",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    _reference("creator_id", "corral_user.id"),
    sa.Column("backing_folder_id", sa.String(36), sa.ForeignKey("folder.id"), unique=True),
    _time("created_at"),
    _time("last_edited_at"),
    sa.Index("ix_dataset_organisation_id", "organisation_id"),
)

dataset_grant = sa.Table(
    "dataset_grant",
    metadata,
    sa.Column("user_id", sa.String(36), sa.ForeignKey("corral_user.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("dataset_id", sa.String(36), sa.ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Index("ix_dataset_grant_dataset_id", "dataset_id"),
)

data_row = sa.Table(
    "data_row",
    metadata,
    _id(),
    _reference("dataset_id", "dataset.id"),
    _reference("item_id", "item.id"),
    _time("created_at"),
    sa.Index("ix_data_row_dataset_id", "dataset_id", "id"),
    sa.Index("ix_data_row_item_id", "item_id", "dataset_id"),
)

# --- what comes in ---------------------------------------------------------------------------------

upload_slot = sa.Table(
    "upload_slot",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    _reference("user_id", "corral_user.id"),
    _reference("folder_id", "folder.id", nullable=True, cascade=True),
    sa.Column("object_key", sa.Text, nullable=False, unique=True),
    sa.Column("item_type", sa.String(16), nullable=False),
    _time("created_at"),
    _time("expires_at"),
    _reference("job_id", "job.id", nullable=True),
    sa.Index("ix_upload_slot_expires_at", "expires_at"),
)

job = sa.Table(
    "job",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    _reference("user_id", "corral_user.id"),
    _reference("dataset_id", "dataset.id", nullable=True),
    _reference("folder_id", "folder.id"),
    sa.Column("title", sa.Text),
    sa.Column("status", sa.String(16), nullable=False),
    _flag("ignore_errors"),
    _flag("skip_duplicate_urls"),
    _flag("upsert_metadata"),
    _reference("integration_id", "integration.id", nullable=True),
    _flag("is_unpacked", default=True),
    sa.Column("scan", sa.Text, comment="JSON: how far a sync has listed its bucket; null for other jobs"),
    _time("created_at"),
    _time("finished_at", nullable=True),
    sa.Index("ix_job_status", "status"),
    sa.Index("ix_job_folder_id", "folder_id", "status"),
)

job_unit = sa.Table(
    "job_unit",
    metadata,
    _id(),
    _reference("job_id", "job.id", cascade=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("worker_id", sa.String(36), comment="the worker that is reading it now"),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("facts", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("item_id", sa.String(36)),
    sa.Column("data_row_id", sa.String(36)),
    sa.Index("ix_job_unit_job_position", "job_id", "position", unique=True),
    sa.Index("ix_job_unit_job_state", "job_id", "state", "position"),
)

job_request = sa.Table(
    "job_request",
    metadata,
    _reference_key("job_id", "job.id"),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("worker_id", sa.String(36), comment="the worker that is reading it now"),
    sa.Column("content", sa.LargeBinary, nullable=False),
    comment="what a large job was asked for, in parts, until its units are written down",
)

worker = sa.Table(
    "worker",
    metadata,
    _id(),
    sa.Column("place", sa.Text, nullable=False, comment="host and process, for people"),
    _time("started_at"),
    _time("seen_at"),
)

creation = sa.Table(
    "creation",
    metadata,
    sa.Column("request_digest", sa.String(64), primary_key=True),
    _reference("user_id", "corral_user.id"),
    sa.Column("answer", sa.Text, nullable=False),
    _time("created_at"),
    sa.Index("ix_creation_created_at", "created_at"),
    comment="answers of creating requests, so that an automatic retry never creates twice",
)

doomed_object = sa.Table(
    "doomed_object",
    metadata,
    sa.Column("object_key", sa.Text, primary_key=True),
    _time("created_at"),
    comment="objects of the platform's store that no item uses any more and that are still to be deleted",
)

audit_event = sa.Table(
    "audit_event",
    metadata,
    _id(),
    _reference("organisation_id", "organisation.id"),
    _reference("user_id", "corral_user.id"),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default="{}"),
    _time("created_at"),
)
