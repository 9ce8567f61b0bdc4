"""What a client asks to register, as it travels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from corral.records.record import Record


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
