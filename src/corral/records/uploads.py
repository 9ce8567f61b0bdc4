"""What a client asks to register, as it travels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from corral.records.dataset_jobs import DataUnitError
from corral.records.record import Record
from corral.vocabulary import LongPollingStatus


class PostUploadJob(Record):
    """A job: entries in the typed shape, or an object in the file shape with an integration."""

    data_items: dict[str, Any] | None = None
    external_files: dict[str, Any] | None = None
    files: dict[str, Any] | None = None
    integration_hash: UUID | None = None
    integration_id: UUID | None = None
    ignore_errors: bool = False
    folder_uuid: UUID | None = None
    file_name: str | None = None


class PollJob(Record):
    """How long to wait for a job, in seconds."""

    timeout_seconds: float = 0


class ItemWithName(Record):
    """An item that a job made, with the object URL that it was made of (None for uploads and groups)."""

    item_uuid: UUID
    name: str
    url: str | None = None


class UploadJobState(Record):
    """Where a job that adds data to a folder stands."""

    status: LongPollingStatus
    items_with_names: list[ItemWithName]
    errors: list[str]
    units_pending_count: int
    units_done_count: int
    units_error_count: int
    units_cancelled_count: int
    unit_errors: list[DataUnitError]
    file_name: str | None = None
