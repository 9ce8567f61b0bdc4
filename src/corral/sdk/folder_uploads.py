"""Uploads into a folder: one method for each kind of media, and jobs that register data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from corral.records.storage import TimeSeriesViewSettings
from corral.records.uploads import UploadJobState
from corral.sdk import private_data, uploading, waiting
from corral.sdk.private_data import PrivateFiles
from corral.sdk.transport import Transport
from corral.sdk.uploading import Progress, Sent
from corral.vocabulary import StorageItemType

_Metadata = dict[str, Any] | None
_File = str | Path


class FolderUploads:
    """What a folder can take in. Every method returns the uuid of the new item and raises CorralError."""

    _transport: Transport

    @property
    def uuid(self) -> UUID:
        """The folder's identifier."""
        raise AttributeError("a folder defines this")

    def upload_image(self, file_path: _File, title: str | None = None, client_metadata: _Metadata = None) -> UUID:
        """Upload an image."""
        return self._upload(StorageItemType.IMAGE, file_path, title, client_metadata)

    def upload_video(self, file_path: _File, title: str | None = None, client_metadata: _Metadata = None) -> UUID:
        """Upload a video."""
        return self._upload(StorageItemType.VIDEO, file_path, title, client_metadata)

    def upload_audio(self, file_path: _File, title: str | None = None, client_metadata: _Metadata = None) -> UUID:
        """Upload an audio file."""
        return self._upload(StorageItemType.AUDIO, file_path, title, client_metadata)

    def upload_nifti(self, file_path: _File, title: str | None = None, client_metadata: _Metadata = None) -> UUID:
        """Upload a NIfTI volume (.nii or .nii.gz)."""
        return self._upload(StorageItemType.NIFTI, file_path, title, client_metadata)

    def upload_pdf(self, file_path: _File, title: str | None = None, client_metadata: _Metadata = None) -> UUID:
        """Upload a PDF."""
        return self._upload(StorageItemType.PDF, file_path, title, client_metadata)

    def upload_text(self, file_path: _File, title: str | None = None, client_metadata: _Metadata = None) -> UUID:
        """Upload a text file (plain, HTML, JSON, XML ...)."""
        return self._upload(StorageItemType.PLAIN_TEXT, file_path, title, client_metadata)

    def upload_time_series(
        self,
        file_path: _File,
        title: str | None = None,
        client_metadata: _Metadata = None,
        settings: TimeSeriesViewSettings | None = None,
    ) -> UUID:
        """Upload a time series (CSV with a header line), with settings of how it is drawn."""
        more = {} if settings is None else {"settings": settings.to_wire()}
        return self._upload(StorageItemType.TIMESERIES, file_path, title, client_metadata, **more)

    def upload_scene_file(self, file_path: _File, title: str | None = None, client_metadata: _Metadata = None) -> UUID:
        """Upload a scene in one file (pcd, ply, las, laz, e57, mcap, bag, db3)."""
        sent = self._send([file_path], StorageItemType.SCENE, None)
        return self._register(uploading.scene_entry(sent[0], title, client_metadata))

    def create_image_group(
        self,
        file_paths: Sequence[_File],
        title: str | None = None,
        client_metadata: _Metadata = None,
        progress: Progress | None = None,
    ) -> UUID:
        """Upload images as one group, in the given order."""
        sent = self._send(file_paths, StorageItemType.IMAGE, progress)
        return self._register(uploading.group_entry(sent, title, client_metadata, create_video=False))

    def create_image_sequence(
        self,
        file_paths: Sequence[_File],
        title: str | None = None,
        client_metadata: _Metadata = None,
        progress: Progress | None = None,
    ) -> UUID:
        """Upload images as one sequence, which is encoded to a video with one frame an image."""
        sent = self._send(file_paths, StorageItemType.IMAGE, progress)
        return self._register(uploading.group_entry(sent, title, client_metadata, create_video=True))

    def create_dicom_series(
        self,
        file_paths: Sequence[_File],
        title: str | None = None,
        client_metadata: _Metadata = None,
        progress: Progress | None = None,
    ) -> UUID:
        """Upload the files of one DICOM series; slices are ordered by their place in space."""
        sent = self._send(file_paths, StorageItemType.DICOM_FILE, progress)
        return self._register(uploading.series_entry(sent, title, client_metadata))

    def add_private_data_to_folder_start(
        self, integration_id: str | UUID | None, private_files: PrivateFiles, ignore_errors: bool = False
    ) -> UUID:
        """Start a job that registers objects of an integration (None: groups of existing items); returns its id."""
        asked = private_data.request(private_files)
        body = {"externalFiles": asked.pop("files"), "ignoreErrors": ignore_errors, **asked}
        if integration_id is not None:
            body["integrationHash"] = str(integration_id)
        return UUID(self._transport.rest("POST", self._jobs, body=body, retry=True))

    def add_private_data_to_folder_get_result(
        self, upload_job_id: UUID, timeout_seconds: float = waiting.WEEK_SECONDS
    ) -> UploadJobState:
        """Where a job stands, once it is over or time is up."""
        path = f"{self._jobs}/{upload_job_id}"
        return waiting.wait(
            lambda hold: UploadJobState.from_wire(self._transport.rest("GET", path, params={"timeoutSeconds": hold})),
            lambda state: state.status,
            timeout_seconds,
            self._transport.hold_seconds,
        )

    def add_data_to_folder_job_cancel(self, upload_job_id: UUID) -> int:
        """Stop a job; finished units stay. Returns how many units were cancelled."""
        answer = self._transport.rest("POST", f"{self._jobs}/{upload_job_id}/cancel", retry=True)
        return int(answer["unitsCancelledCount"])

    def _upload(self, kind: StorageItemType, path: _File, title: str | None, metadata: _Metadata, **more: Any) -> UUID:
        sent = self._send([path], kind, None)
        return self._register(uploading.single_entry(kind, sent[0], title, metadata, **more))

    def _send(self, paths: Sequence[_File], kind: StorageItemType, progress: Progress | None) -> list[Sent]:
        path = f"storage/folders/{self.uuid}/upload-signed-urls"
        return uploading.send_files(
            self._transport,
            paths,
            lambda count: self._transport.rest("POST", path, body={"itemType": kind.value, "count": count}, retry=True),
            progress,
        )

    def _register(self, data_items: dict[str, Any]) -> UUID:
        body = {"dataItems": data_items, "ignoreErrors": False}
        job = self._transport.rest("POST", self._jobs, body=body, retry=True)
        state = self.add_private_data_to_folder_get_result(UUID(job))
        waiting.require_done(state.status, state.errors, "The upload")
        return state.items_with_names[0].item_uuid

    @property
    def _jobs(self) -> str:
        return f"storage/folders/{self.uuid}/data-upload-jobs"
