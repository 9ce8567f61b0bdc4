"""Jobs of a dataset as they travel: adding data, and re-encoding videos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from corral.records.record import Record
from corral.vocabulary import LongPollingStatus


class DatasetDataInfo(Record):
    """What a job made: the data row, its title and the item behind it."""

    data_hash: str
    title: str
    backing_item_uuid: UUID


@dataclass(frozen=True)
class AddPrivateDataResponse:
    """What adding private data to a dataset made."""

    dataset_data_list: list[DatasetDataInfo]

    @classmethod
    def from_dict(cls, json_dict: Mapping[str, Any]) -> AddPrivateDataResponse:
        """Read the wire's object."""
        return cls([DatasetDataInfo.from_wire(entry) for entry in json_dict["dataset_data_info"]])


class DataUnitError(Record):
    """One unit of a job that failed: its objects, why, the unit's id to quote and what was being done."""

    object_urls: list[str]
    error: str
    subtask_uuid: UUID
    action_description: str


class DatasetDataLongPolling(Record):
    """Where a job that adds data to a dataset stands. A unit is a file, an image group or a DICOM series."""

    status: LongPollingStatus
    data_hashes_with_titles: list[DatasetDataInfo]
    errors: list[str]
    data_unit_errors: list[DataUnitError]
    units_pending_count: int
    units_done_count: int
    units_error_count: int
    units_cancelled_count: int


class ReEncodeVideoTaskResult(Record):
    """A re-encoded video; `signed_url` is set only for the platform's own store."""

    data_hash: str
    signed_url: str | None
    bucket_path: str


class ReEncodeVideoTask(Record):
    """Where a re-encoding task stands; `status` is SUBMITTED, DONE or ERROR."""

    status: str
    result: list[ReEncodeVideoTaskResult] | None = None
