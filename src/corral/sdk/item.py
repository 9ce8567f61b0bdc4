"""A live storage item: its facts, its place and what can be done with it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from corral.errors import InvalidArgumentsError
from corral.records.storage import ItemSummary, StorageItemRecord, TimeSeriesViewSettings
from corral.sdk.transport import Transport
from corral.vocabulary import COMPOSITE_ITEM_TYPES, StorageItemType, StorageLocationName

if TYPE_CHECKING:
    from corral.sdk.folder import StorageFolder


class _Unset:
    """Stands for an argument that was not given, where None means something."""


UNSET = _Unset()


class StorageItem:
    """A file, or a group or series of files, in a folder. Sizes in bytes and pixels, durations in seconds."""

    def __init__(self, transport: Transport, record: StorageItemRecord) -> None:
        self._transport = transport
        self._record = record

    def __repr__(self) -> str:
        return f"StorageItem(uuid={self.uuid}, name={self.name!r}, item_type={self.item_type.value})"

    @property
    def uuid(self) -> UUID:
        """The item's identifier."""
        return self._record.uuid

    @property
    def parent_folder_uuid(self) -> UUID:
        """The folder in which the item lies."""
        return self._record.parent

    @property
    def item_type(self) -> StorageItemType:
        """What the item is."""
        return self._record.item_type

    @property
    def name(self) -> str:
        """The name; data rows show it as their title."""
        return self._record.name

    @property
    def description(self) -> str:
        """The description."""
        return self._record.description

    @property
    def client_metadata(self) -> dict[str, Any]:
        """The client metadata as it was when the item was fetched."""
        metadata: dict[str, Any] = json.loads(self._record.client_metadata or "{}")
        return metadata

    @property
    def owner(self) -> str:
        """E-mail of the user who made the item."""
        return self._record.owner

    @property
    def created_at(self) -> datetime:
        """When the item was made, UTC."""
        return self._record.created_at

    @property
    def last_edited_at(self) -> datetime:
        """When the item was last changed, UTC."""
        return self._record.last_edited_at

    @property
    def is_tombstone(self) -> bool:
        """Whether the object behind the item has vanished from its bucket."""
        return self._record.is_tombstone

    @property
    def is_placeholder(self) -> bool:
        """Whether the item still waits for its bytes."""
        return self._record.is_placeholder

    @property
    def backed_data_units_count(self) -> int:
        """How many data rows the item backs, in all datasets."""
        return self._record.backed_data_units_count

    @property
    def storage_location(self) -> StorageLocationName:
        """Where the bytes live."""
        return self._record.storage_location

    @property
    def url(self) -> str | None:
        """Key in the platform's store, or the object URL as it was given."""
        return self._record.url

    @property
    def file_size(self) -> int | None:
        """Bytes; for a group or series those of all parts."""
        return self._record.file_size

    @property
    def mime_type(self) -> str | None:
        """MIME type by content."""
        return self._record.mime_type

    @property
    def duration(self) -> float | None:
        """Seconds of a video or audio."""
        return self._record.duration

    @property
    def fps(self) -> float | None:
        """Frames a second of a video."""
        return self._record.fps

    @property
    def width(self) -> int | None:
        """Pixels across, EXIF orientation and rotation applied."""
        return self._record.width

    @property
    def height(self) -> int | None:
        """Pixels down, EXIF orientation and rotation applied."""
        return self._record.height

    @property
    def frame_count(self) -> int | None:
        """Frames of a video, images of a group, slices of a series or volume."""
        return self._record.frame_count

    @property
    def page_count(self) -> int | None:
        """Pages of a PDF."""
        return self._record.page_count

    @property
    def facts(self) -> dict[str, Any]:
        """Facts of this kind of media only, for example the shape of a NIfTI volume."""
        return self._record.facts

    @property
    def dicom_instance_uid(self) -> str | None:
        """SOPInstanceUID (0008,0018) of a DICOM file."""
        return self._record.dicom_instance_uid

    @property
    def dicom_study_uid(self) -> str | None:
        """StudyInstanceUID (0020,000D)."""
        return self._record.dicom_study_uid

    @property
    def dicom_series_uid(self) -> str | None:
        """SeriesInstanceUID (0020,000E)."""
        return self._record.dicom_series_uid

    @property
    def audio_sample_rate(self) -> int | None:
        """Samples a second of audio."""
        return self._record.audio_sample_rate

    @property
    def audio_bit_depth(self) -> int | None:
        """Bits of a sample; 16 for lossy codecs."""
        return self._record.audio_bit_depth

    @property
    def audio_codec(self) -> str | None:
        """Codec of audio, by FFmpeg's name."""
        return self._record.audio_codec

    @property
    def audio_num_channels(self) -> int | None:
        """Channels of audio."""
        return self._record.audio_num_channels

    @property
    def timeseries_settings(self) -> TimeSeriesViewSettings | None:
        """How a time series is drawn; None for the default."""
        return self._record.timeseries_settings

    def refetch_data(self, get_signed_url: bool = False) -> None:
        """Read the item anew, in place. Raises AuthorisationError."""
        params = {"signUrl": get_signed_url}
        self._record = StorageItemRecord.from_wire(
            self._transport.rest("GET", f"storage/items/{self.uuid}", params=params)
        )

    def get_signed_url(self, refetch: bool = False) -> str | None:
        """A signed URL of the bytes (cached unless `refetch`); None for items without a single file."""
        if self.item_type in (StorageItemType.IMAGE_GROUP, StorageItemType.DICOM_SERIES, StorageItemType.GROUP):
            return None
        if refetch or self._record.signed_url is None:
            self.refetch_data(get_signed_url=True)
        return self._record.signed_url

    def download(self, path: str | Path) -> int:
        """Write the item's bytes to a file, whole or not at all, and return how many they are.

        Raises InvalidArgumentsError for items without a single file, CorralError.
        """
        url = self.get_signed_url(refetch=True)
        if url is None:
            raise InvalidArgumentsError("This item has no single file; download its child items.")
        return self._transport.download(url, Path(path))

    def get_child_items(self, get_signed_urls: bool = False) -> list[StorageItem]:
        """The parts of a group or series in their order; none for other items. Raises AuthorisationError."""
        if self.item_type not in COMPOSITE_ITEM_TYPES:
            return []
        answer = self._transport.rest("GET", f"{self._path}/child-items", params={"signUrls": get_signed_urls})
        return [StorageItem(self._transport, StorageItemRecord.from_wire(part)) for part in answer["results"]]

    def get_summary(self) -> ItemSummary:
        """Which groups and datasets hold the item. Raises AuthorisationError."""
        answer = self._transport.rest("GET", f"{self._path}/summary", params={"includeGroupLayout": True})
        return ItemSummary.from_wire(answer)

    def update(
        self,
        name: str | None = None,
        description: str | None = None,
        client_metadata: dict[str, Any] | None = None,
        timeseries_settings: TimeSeriesViewSettings | _Unset | None = UNSET,
    ) -> None:
        """Change what is given. Client metadata is replaced; None resets `timeseries_settings`.

        Raises AuthorisationError, InvalidArgumentsError.
        """
        changes: dict[str, Any] = {
            key: value
            for key, value in (("name", name), ("description", description), ("clientMetadata", client_metadata))
            if value is not None
        }
        if isinstance(timeseries_settings, TimeSeriesViewSettings):
            changes["timeseriesSettings"] = timeseries_settings.to_wire()
        elif timeseries_settings is None:
            changes["timeseriesSettings"] = None
        if changes:
            self._record = StorageItemRecord.from_wire(self._transport.rest("PATCH", self._path, body=changes))

    def move_to_folder(self, target_folder: StorageFolder | UUID, allow_mirror_dataset_changes: bool = False) -> None:
        """Move the item. Leaving a mirror folder takes it out of the dataset, which must be allowed.

        Raises AuthorisationError, OperationNotAllowed.
        """
        target = target_folder if isinstance(target_folder, UUID) else target_folder.uuid
        body = {
            "itemUuids": [str(self.uuid)],
            "newParentUuid": str(target),
            "allowSyncedDatasetMove": allow_mirror_dataset_changes,
        }
        self._transport.rest("POST", f"storage/folders/{self.parent_folder_uuid}/items/move", body=body)
        self.refetch_data()

    def delete(self, remove_unused_frames: bool = True) -> None:
        """Delete the item, from every dataset too; parts of a group that nothing else uses go with it.

        Raises AuthorisationError, OperationNotAllowed.
        """
        body = {"childUuids": [str(self.uuid)], "removeUnusedFrames": remove_unused_frames}
        self._transport.rest("POST", f"storage/folders/{self.parent_folder_uuid}/items/delete", body=body)

    def parent_folder(self) -> StorageFolder:
        """The folder in which the item lies. Raises AuthorisationError."""
        from corral.sdk.folder import StorageFolder

        return StorageFolder.fetch(self._transport, self.parent_folder_uuid)

    @property
    def _path(self) -> str:
        return f"storage/folders/{self.parent_folder_uuid}/items/{self.uuid}"
