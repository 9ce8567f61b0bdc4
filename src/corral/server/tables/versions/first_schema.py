"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corral.server.tables.schema import FOLD_CASE

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of the first release."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FOLD_CASE)
    op.create_table(
        "doomed_object",
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_doomed_object")),
        comment="objects of the platform's store that no item uses any more and that are still to be deleted",
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "corral_user",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("member_type", sa.String(length=16), server_default="internal", nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("last_edited_at", sa.String(length=27), nullable=False),
        sa.Column("removed_at", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_corral_user_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corral_user")),
        sa.UniqueConstraint("email", name=op.f("uq_corral_user_email")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_audit_event_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["corral_user.id"], name=op.f("fk_audit_event_user_id_corral_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_table(
        "bearer_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("expires_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["corral_user.id"], name=op.f("fk_bearer_token_user_id_corral_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bearer_token")),
    )
    op.create_table(
        "creation",
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["corral_user.id"], name=op.f("fk_creation_user_id_corral_user")),
        sa.PrimaryKeyConstraint("request_digest", name=op.f("pk_creation")),
        comment="answers of creating requests, so that an automatic retry never creates twice",
    )
    op.create_index("ix_creation_created_at", "creation", ["created_at"], unique=False)
    op.create_table(
        "folder",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("client_metadata", sa.Text(), server_default="{}", nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("folder_type", sa.String(length=16), server_default="generic", nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("last_edited_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_folder_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["corral_user.id"], name=op.f("fk_folder_owner_id_corral_user")),
        sa.ForeignKeyConstraint(["parent_id"], ["folder.id"], name=op.f("fk_folder_parent_id_folder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder")),
    )
    op.create_index("ix_folder_parent_id", "folder", ["parent_id"], unique=False)
    op.create_index("ix_folder_parent_name", "folder", ["organisation_id", "parent_id", "name", "id"], unique=False)
    op.create_table(
        "page_session",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("expires_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["corral_user.id"], name=op.f("fk_page_session_user_id_corral_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_page_session")),
    )
    op.create_table(
        "public_key",
        sa.Column("key_hex", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["corral_user.id"], name=op.f("fk_public_key_user_id_corral_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_hex", name=op.f("pk_public_key")),
    )
    op.create_index("ix_public_key_user_id", "public_key", ["user_id"], unique=False)
    op.create_table(
        "dataset",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("backing_folder_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("last_edited_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["backing_folder_id"], ["folder.id"], name=op.f("fk_dataset_backing_folder_id_folder")),
        sa.ForeignKeyConstraint(["creator_id"], ["corral_user.id"], name=op.f("fk_dataset_creator_id_corral_user")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_dataset_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("backing_folder_id", name=op.f("uq_dataset_backing_folder_id")),
    )
    op.create_index("ix_dataset_organisation_id", "dataset", ["organisation_id"], unique=False)
    op.create_table(
        "folder_ancestor",
        sa.Column("folder_id", sa.String(length=36), nullable=False),
        sa.Column("ancestor_id", sa.String(length=36), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ancestor_id"], ["folder.id"], name=op.f("fk_folder_ancestor_ancestor_id_folder"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["folder.id"], name=op.f("fk_folder_ancestor_folder_id_folder"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("folder_id", "ancestor_id", name=op.f("pk_folder_ancestor")),
    )
    op.create_index("ix_folder_ancestor_ancestor_id", "folder_ancestor", ["ancestor_id", "folder_id"], unique=False)
    op.create_table(
        "folder_grant",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("folder_id", sa.String(length=36), nullable=False),
        sa.Column("via_dataset", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["folder.id"], name=op.f("fk_folder_grant_folder_id_folder"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["corral_user.id"], name=op.f("fk_folder_grant_user_id_corral_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "folder_id", "via_dataset", name=op.f("pk_folder_grant")),
    )
    op.create_index("ix_folder_grant_folder_id", "folder_grant", ["folder_id", "user_id"], unique=False)
    op.create_table(
        "item",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("folder_id", sa.String(length=36), nullable=False),
        sa.Column("item_type", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("client_metadata", sa.Text(), server_default="{}", nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("last_edited_at", sa.String(length=27), nullable=False),
        sa.Column("storage_location", sa.String(length=16), nullable=False),
        sa.Column(
            "object_key",
            sa.Text(),
            nullable=True,
            comment="key in the platform's store; null when the bytes live elsewhere",
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="object URL as it was given"),
        sa.Column("is_tombstone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_frame", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("mime_type", sa.Text(), nullable=True),
        sa.Column("duration", sa.Float(), nullable=True),
        sa.Column("fps", sa.Float(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("frame_count", sa.BigInteger(), nullable=True),
        sa.Column("page_count", sa.BigInteger(), nullable=True),
        sa.Column("dicom_instance_uid", sa.Text(), nullable=True),
        sa.Column("dicom_study_uid", sa.Text(), nullable=True),
        sa.Column("dicom_series_uid", sa.Text(), nullable=True),
        sa.Column("audio_sample_rate", sa.BigInteger(), nullable=True),
        sa.Column("audio_bit_depth", sa.BigInteger(), nullable=True),
        sa.Column("audio_codec", sa.Text(), nullable=True),
        sa.Column("audio_num_channels", sa.BigInteger(), nullable=True),
        sa.Column("extra_facts", sa.Text(), server_default="{}", nullable=False),
        sa.Column("timeseries_settings", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_item_folder_id_folder")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_item_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["corral_user.id"], name=op.f("fk_item_owner_id_corral_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
    )
    op.create_index("ix_item_folder_created", "item", ["folder_id", "created_at", "id"], unique=False)
    op.create_index("ix_item_folder_name", "item", ["folder_id", "name", "id"], unique=False)
    op.create_index("ix_item_folder_url", "item", ["folder_id", "url"], unique=False)
    op.create_index("ix_item_object_key", "item", ["object_key"], unique=False)
    op.create_table(
        "data_row",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_data_row_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_data_row_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_row")),
    )
    op.create_index("ix_data_row_dataset_id", "data_row", ["dataset_id", "id"], unique=False)
    op.create_index("ix_data_row_item_id", "data_row", ["item_id", "dataset_id"], unique=False)
    op.create_table(
        "dataset_grant",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_grant_dataset_id_dataset"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["corral_user.id"], name=op.f("fk_dataset_grant_user_id_corral_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "dataset_id", name=op.f("pk_dataset_grant")),
    )
    op.create_index("ix_dataset_grant_dataset_id", "dataset_grant", ["dataset_id"], unique=False)
    op.create_table(
        "item_child",
        sa.Column("parent_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["item.id"], name=op.f("fk_item_child_child_id_item")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["item.id"], name=op.f("fk_item_child_parent_id_item"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("parent_id", "position", name=op.f("pk_item_child")),
    )
    op.create_index("ix_item_child_child_id", "item_child", ["child_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=True),
        sa.Column("folder_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("ignore_errors", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("skip_duplicate_urls", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("upsert_metadata", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("finished_at", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_job_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_job_folder_id_folder")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_job_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["corral_user.id"], name=op.f("fk_job_user_id_corral_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_folder_id", "job", ["folder_id", "status"], unique=False)
    op.create_index("ix_job_status", "job", ["status"], unique=False)
    op.create_table(
        "job_unit",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("data_row_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_unit_job_id_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_unit")),
    )
    op.create_index("ix_job_unit_job_position", "job_unit", ["job_id", "position"], unique=True)
    op.create_index("ix_job_unit_job_state", "job_unit", ["job_id", "state"], unique=False)
    op.create_table(
        "upload_slot",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("folder_id", sa.String(length=36), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("item_type", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("expires_at", sa.String(length=27), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["folder.id"], name=op.f("fk_upload_slot_folder_id_folder"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_upload_slot_job_id_job")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_upload_slot_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["corral_user.id"], name=op.f("fk_upload_slot_user_id_corral_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_slot")),
        sa.UniqueConstraint("object_key", name=op.f("uq_upload_slot_object_key")),
    )
    op.create_index("ix_upload_slot_expires_at", "upload_slot", ["expires_at"], unique=False)
