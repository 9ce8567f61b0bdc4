"""A live dataset: its rows, its users, uploads into it and links to storage items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from corral.errors import CorralError, InvalidArgumentsError
from corral.records.data_row import DataRow
from corral.records.dataset import (
    DEFAULT_DATASET_ACCESS_SETTINGS,
    AddPrivateDataResponse,
    DatasetAccessSettings,
    DatasetDataInfo,
    DatasetDataLongPolling,
    DatasetUser,
    ReEncodeVideoTask,
)
from corral.records.dataset import Dataset as DatasetRecord
from corral.records.deprecation import deprecated
from corral.sdk import private_data, uploading, waiting
from corral.sdk.folder import StorageFolder
from corral.sdk.private_data import PrivateFiles
from corral.sdk.transport import Transport
from corral.sdk.uploading import Progress, Sent
from corral.vocabulary import DataLinkDuplicatesBehavior, DatasetUserRole, DataType, StorageItemType, StorageLocation

_File = str | Path
_Folder = StorageFolder | UUID | None


class RowLink:
    """Connects data rows to the server (see corral.records.data_row.RowPort)."""

    def __init__(self, transport: Transport, dataset_hash: str) -> None:
        self._transport = transport
        self._dataset_hash = dataset_hash

    def fetch(self, data_hash: str, additional_data: Mapping[str, Any]) -> DataRow:
        """The row as the server has it now."""
        answer = self._transport.legacy(
            "datarow",
            "GET",
            dataset_hash=self._dataset_hash,
            uid=data_hash,
            payload={"additional_data": dict(additional_data)},
        )
        return DataRow.from_dict(answer)

    def save(self, data_hash: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Store the fields."""
        answer: Mapping[str, Any] = self._transport.legacy(
            "datarow", "POST", dataset_hash=self._dataset_hash, uid=data_hash, payload=dict(fields)
        )
        return answer


class Dataset:
    """A dataset on the server. All methods raise CorralError."""

    def __init__(
        self,
        transport: Transport,
        dataset_hash: str,
        access_settings: DatasetAccessSettings = DEFAULT_DATASET_ACCESS_SETTINGS,
    ) -> None:
        self._transport = transport
        self._access_settings = access_settings
        self._link = RowLink(transport, dataset_hash)
        self._record = self._fetch(dataset_hash)

    def __repr__(self) -> str:
        return f"Dataset(dataset_hash={self.dataset_hash!r}, title={self.title!r})"

    @property
    def dataset_hash(self) -> str:
        """The dataset's identifier."""
        return self._record.dataset_hash

    @property
    def title(self) -> str:
        """The title."""
        return self._record.title

    @property
    def description(self) -> str:
        """The description."""
        return self._record.description

    @property
    def storage_location(self) -> StorageLocation:
        """A legacy field: the data of one dataset may live in several places."""
        return self._record.storage_location

    @property
    def backing_folder_uuid(self) -> UUID | None:
        """The folder that a mirror dataset is kept in step with; None for other datasets."""
        return self._record.backing_folder_uuid

    @property
    def data_rows(self) -> list[DataRow]:
        """The data rows as they were last fetched. Raises CorralError when the dataset was opened without them."""
        if not self._access_settings.fetch_rows:
            raise CorralError("This dataset was opened without its data rows; use list_data_rows().")
        return self._record.data_rows

    def refetch_data(self) -> None:
        """Read the dataset and its rows anew, in place."""
        self._record = self._fetch(self.dataset_hash)

    def set_access_settings(self, dataset_access_settings: DatasetAccessSettings, *, refetch_data: bool = True) -> None:
        """Change what the dataset brings along."""
        self._access_settings = dataset_access_settings
        if refetch_data:
            self.refetch_data()

    def list_data_rows(
        self,
        title_eq: str | None = None,
        title_like: str | None = None,
        created_before: str | datetime | None = None,
        created_after: str | datetime | None = None,
        data_types: Sequence[DataType] | None = None,
        data_hashes: Sequence[str] | None = None,
    ) -> list[DataRow]:
        """The data rows that fit all given conditions; `title_like` is an SQL LIKE pattern that ignores case."""
        payload = {
            "title_eq": title_eq,
            "title_like": title_like,
            "created_before": _moment(created_before),
            "created_after": _moment(created_after),
            "data_types": None if data_types is None else [kind.to_upper_case_string() for kind in data_types],
            "data_hashes": None if data_hashes is None else list(data_hashes),
            "dataset_access_settings": asdict(self._access_settings),
        }
        answer = self._transport.legacy("datarows", "GET", dataset_hash=self.dataset_hash, payload=payload)
        return self._rows(answer)

    def add_users(self, user_emails: Sequence[str], user_role: DatasetUserRole) -> list[DatasetUser]:
        """Share the dataset with members of the organisation; who has it already keeps the present role."""
        payload = {"user_emails": list(user_emails), "user_role": int(user_role)}
        answer = self._transport.legacy(
            "datasetusers", "POST", dataset_hash=self.dataset_hash, uid=self.dataset_hash, payload=payload
        )
        return [DatasetUser.from_wire(user) for user in answer]

    def list_users(self) -> list[DatasetUser]:
        """Everybody who has the dataset."""
        page = self._transport.rest("GET", f"datasets/{self.dataset_hash}/users")
        return [DatasetUser.from_wire({**user, "datasetHash": str(user["datasetUuid"])}) for user in page["results"]]

    def remove_users(self, user_emails: Sequence[str]) -> None:
        """Stop sharing the dataset; unknown e-mails are ignored."""
        path = f"datasets/{self.dataset_hash}/users/bulk-delete"
        self._transport.rest("POST", path, body={"userEmails": list(user_emails)}, retry=True)

    def upload_image(self, file_path: _File, title: str | None = None, folder: _Folder = None) -> DatasetDataInfo:
        """Upload an image; a dataset that is no mirror needs a folder to upload into."""
        return self._upload_one(StorageItemType.IMAGE, file_path, title, folder)

    def upload_video(self, file_path: _File, title: str | None = None, folder: _Folder = None) -> DatasetDataInfo:
        """Upload a video; a dataset that is no mirror needs a folder to upload into."""
        return self._upload_one(StorageItemType.VIDEO, file_path, title, folder)

    def create_image_group(
        self,
        file_paths: Sequence[_File],
        title: str | None = None,
        *,
        create_video: bool = True,
        folder: _Folder = None,
        progress: Progress | None = None,
    ) -> list[DatasetDataInfo]:
        """Upload images as a group, or (`create_video`) as sequences, one for each size of image."""
        sent = self._send(file_paths, StorageItemType.IMAGE, progress)
        return self._register(uploading.group_entry(sent, title, None, create_video=create_video), folder)

    def create_dicom_series(
        self,
        file_paths: Sequence[_File],
        title: str | None = None,
        *,
        folder: _Folder = None,
        progress: Progress | None = None,
    ) -> DatasetDataInfo:
        """Upload the files of one DICOM series."""
        sent = self._send(file_paths, StorageItemType.DICOM_FILE, progress)
        return self._register(uploading.series_entry(sent, title, None), folder)[0]

    def link_items(
        self,
        item_uuids: Sequence[UUID],
        duplicates_behavior: DataLinkDuplicatesBehavior = DataLinkDuplicatesBehavior.SKIP,
    ) -> list[DataRow]:
        """Make storage items data rows; returns the rows of all items, in their order."""
        payload = {
            "item_uuids": [str(uuid) for uuid in item_uuids],
            "duplicates_behavior": duplicates_behavior.value,
        }
        answer = self._transport.legacy(
            "datasetlinkitems", "POST", dataset_hash=self.dataset_hash, uid=self.dataset_hash, payload=payload
        )
        return self._rows(answer)

    def delete_data(self, data_hashes: str | Sequence[str]) -> None:
        """Take data rows out of the dataset; in a mirror their items go too. Hashes of others are ignored."""
        hashes = [data_hashes] if isinstance(data_hashes, str) else list(data_hashes)
        self._transport.legacy("video", "DELETE", dataset_hash=self.dataset_hash, uid=hashes)

    @deprecated("0.1.181", "StorageItem.update")
    def update_data_item(self, data_hash: str, new_title: str) -> bool:
        """Rename a data row; false when it is not in this dataset."""
        answer = self._transport.legacy(
            "video",
            "POST",
            dataset_hash=self.dataset_hash,
            uid=self.dataset_hash,
            payload=[{"video_hash": data_hash, "title": new_title}],
        )
        return bool(answer.get("success"))

    def add_private_data_to_dataset_start(
        self,
        integration_id: str | UUID,
        private_files: PrivateFiles,
        ignore_errors: bool = False,
        folder: _Folder = None,
    ) -> str:
        """Start a job that registers objects of an integration; returns its id."""
        payload = {
            **private_data.request(private_files),
            "integrationId": str(integration_id),
            "ignoreErrors": ignore_errors,
            **_folder(folder),
        }
        return self._start(payload)

    def add_private_data_to_dataset_get_result(
        self, upload_job_id: str, timeout_seconds: float = waiting.WEEK_SECONDS
    ) -> DatasetDataLongPolling:
        """Where a job stands, once it is over or time is up."""
        return waiting.wait(
            lambda hold: DatasetDataLongPolling.from_wire(
                self._transport.legacy(
                    "datasetdatalongpolling",
                    "GET",
                    dataset_hash=self.dataset_hash,
                    uid=self.dataset_hash,
                    payload={"process_hash": upload_job_id, "timeout_seconds": hold},
                )
            ),
            lambda state: state.status,
            timeout_seconds,
            self._transport.hold_seconds,
        )

    def add_private_data_to_dataset(
        self,
        integration_id: str | UUID,
        private_files: PrivateFiles,
        ignore_errors: bool = False,
        folder: _Folder = None,
    ) -> AddPrivateDataResponse:
        """Register objects of an integration and wait for it."""
        job = self.add_private_data_to_dataset_start(integration_id, private_files, ignore_errors, folder)
        return AddPrivateDataResponse(self._finish(job))

    def re_encode_data(self, data_hashes: Sequence[str]) -> int:
        """Start re-encoding videos; returns the id of the task."""
        answer = self._transport.legacy(
            "reencodevideotask", "PUT", dataset_hash=self.dataset_hash, payload={"data_hash": list(data_hashes)}
        )
        return int(answer)

    def re_encode_data_status(self, job_id: int) -> ReEncodeVideoTask:
        """Where a re-encoding task stands."""
        answer = self._transport.legacy("reencodevideotask", "GET", dataset_hash=self.dataset_hash, uid=job_id)
        return ReEncodeVideoTask.from_wire(answer)

    def _fetch(self, dataset_hash: str) -> DatasetRecord:
        payload = {"dataset_access_settings": asdict(self._access_settings)}
        answer = self._transport.legacy("dataset", "GET", dataset_hash=dataset_hash, payload=payload)
        record = DatasetRecord.from_dict(answer)
        for row in record.data_rows:
            row.bind(self._link)
        return record

    def _rows(self, answer: Sequence[Mapping[str, Any]]) -> list[DataRow]:
        return [DataRow.from_dict(row).bind(self._link) for row in answer]

    def _upload_one(self, kind: StorageItemType, path: _File, title: str | None, folder: _Folder) -> DatasetDataInfo:
        sent = self._send([path], kind, None)
        return self._register(uploading.single_entry(kind, sent[0], title, None), folder)[0]

    def _send(self, paths: Sequence[_File], kind: StorageItemType, progress: Progress | None) -> list[Sent]:
        if not paths:
            raise InvalidArgumentsError("Name at least one file to upload.")
        return uploading.send_files(
            self._transport,
            paths,
            lambda count: self._transport.rest(
                "GET", "presigned-urls", params={"count": count, "uploadItemType": kind.value}
            ),
            progress,
        )

    def _register(self, data_items: dict[str, Any], folder: _Folder) -> list[DatasetDataInfo]:
        return self._finish(self._start({"dataItems": data_items, "ignoreErrors": False, **_folder(folder)}))

    def _start(self, payload: dict[str, Any]) -> str:
        answer = self._transport.legacy(
            "datasetdatalongpolling", "POST", dataset_hash=self.dataset_hash, uid=self.dataset_hash, payload=payload
        )
        return str(answer["process_hash"])

    def _finish(self, job: str) -> list[DatasetDataInfo]:
        state = self.add_private_data_to_dataset_get_result(job)
        waiting.require_done(state.status, state.errors, "The upload")
        return state.data_hashes_with_titles


def _folder(folder: _Folder) -> dict[str, str]:
    if folder is None:
        return {}
    return {"folderUuid": str(folder if isinstance(folder, UUID) else folder.uuid)}


def _moment(value: str | datetime | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value
