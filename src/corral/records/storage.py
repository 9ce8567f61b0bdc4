"""Folders and items as they travel, and the payloads and parameters of the calls about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from corral.records.record import Moment, Record
from corral.vocabulary import (
    CloudSyncStatus,
    FoldersSortBy,
    StorageFolderType,
    StorageItemType,
    StorageLocationName,
    StorageUserRole,
)


class PathElement(Record):
    """One folder on the way up to the root."""

    uuid: UUID
    parent_uuid: UUID | None
    name: str
    synced_dataset_hash: UUID | None


class StorageFolderRecord(Record):
    """A folder; `client_metadata` is JSON text."""

    uuid: UUID
    parent: UUID | None
    name: str
    description: str
    client_metadata: str | None
    owner: str
    created_at: Moment
    last_edited_at: Moment
    user_role: StorageUserRole
    synced_dataset_hash: UUID | None
    path_to_root: list[PathElement]
    folder_type: StorageFolderType = StorageFolderType.GENERIC
    integration_hash: UUID | None = None
    remote_url: str | None = None


class StorageItemRecord(Record):
    """An item: one file, or a group or series of files. Sizes in bytes, durations in seconds."""

    uuid: UUID
    parent: UUID
    item_type: StorageItemType
    name: str
    description: str = ""
    client_metadata: str
    owner: str
    created_at: Moment
    last_edited_at: Moment
    is_tombstone: bool = False
    is_placeholder: bool = False
    backed_data_units_count: int
    storage_location: StorageLocationName
    integration_hash: UUID | None
    url: str | None
    signed_url: str | None
    file_size: int | None
    mime_type: str | None
    duration: float | None
    fps: float | None
    height: int | None
    width: int | None
    dicom_instance_uid: str | None
    dicom_study_uid: str | None
    dicom_series_uid: str | None
    frame_count: int | None
    audio_sample_rate: int | None
    audio_bit_depth: int | None
    audio_codec: str | None
    audio_num_channels: int | None
    page_count: int | None = None
    facts: dict[str, Any] = Field(default_factory=dict)
    timeseries_settings: TimeSeriesViewSettings | None = None
    client_metadata_signed_url: str | None = None


class TimeSeriesChannel(Record):
    """How one column of a time series is drawn."""

    label: str | None = Field(default=None, min_length=1, max_length=1024)
    color: str | None = Field(default=None, pattern=r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$")
    hidden: bool | None = None
    style: Literal["line", "points"] | None = None
    line_width: Annotated[float, Field(ge=0.5, le=6)] | None = None
    point_radius: Annotated[float, Field(ge=1, le=8)] | None = None


class TimeSeriesViewSettings(Record):
    """How a time series is drawn, by CSV header; at most 100 channels."""

    channels: dict[str, TimeSeriesChannel] = Field(max_length=100)


StorageItemRecord.model_rebuild()


class CloudSyncedFolderParams(Record):
    """What a folder is kept in step with: an integration, and the URL below which its objects lie."""

    integration_uuid: UUID
    remote_url: str


class FolderConfig(Record):
    """A folder's configuration; fields that are not known here are kept as they are."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel, populate_by_name=True)

    metadata_ingestion: dict[str, Any] | None = None

    def whole(self) -> dict[str, Any]:
        """Everything that was given, with the wire's names."""
        return {"metadataIngestion": self.metadata_ingestion, **(self.model_extra or {})}


class CloudSyncState(Record):
    """How far a sync of a folder with its bucket is: pages listed, jobs made of them, files in those."""

    status: CloudSyncStatus
    scan_pages_processing_pending: int
    scan_pages_processing_done: int
    scan_pages_processing_error: int
    scan_pages_processing_cancelled: int
    upload_jobs_pending: int
    upload_jobs_done: int
    upload_jobs_error: int
    upload_jobs_units_pending: int
    upload_jobs_units_done: int
    upload_jobs_units_error: int
    upload_jobs_units_cancelled: int


class CreateFolder(Record):
    """A new folder; `client_metadata` is JSON text."""

    name: str
    description: str | None = None
    parent: UUID | None = None
    client_metadata: str | None = None
    cloud_synced_folder_params: CloudSyncedFolderParams | None = None


class PatchFolder(Record):
    """Changes of a folder; what is absent stays."""

    name: str | None = None
    description: str | None = None
    client_metadata: dict[str, Any] | None = None


class PatchFoldersBulk(Record):
    """Changes of many folders by id."""

    folder_patches: dict[UUID, PatchFolder] = Field(max_length=1000)


class PatchItem(Record):
    """Changes of an item; what is absent stays, an explicit null of the settings resets them."""

    name: str | None = None
    description: str | None = None
    client_metadata: dict[str, Any] | None = None
    timeseries_settings: TimeSeriesViewSettings | None = None
    scene_view_settings: dict[str, Any] | None = None
    scene_layout: dict[str, Any] | None = None


class PatchItemsBulk(Record):
    """Changes of many items by id."""

    item_patches: dict[UUID, PatchItem] = Field(max_length=1000)


class MoveFolders(Record):
    """Folders to move; without a new parent they go to the root."""

    folder_uuids: list[UUID]
    new_parent_uuid: UUID | None = None


class MoveItems(Record):
    """Items to move out of the folder in the path."""

    item_uuids: list[UUID]
    new_parent_uuid: UUID
    allow_synced_dataset_move: bool = False


class MigrateStorage(Record):
    """Items that lie elsewhere now: new object URLs (null: the same) by item and by old URL."""

    items_map: dict[UUID, str | None] = Field(default_factory=dict)
    urls_map: dict[str, str | None] = Field(default_factory=dict)
    from_integration_hash: UUID | None = None
    to_integration_hash: UUID | None = None
    validate_access: bool = True
    skip_missing: bool = False


class DeleteItems(Record):
    """Items to delete from the folder in the path."""

    child_uuids: list[UUID]
    remove_unused_frames: bool = True


class GetItemsBulk(Record):
    """Items to read at once."""

    item_uuids: list[UUID]
    sign_urls: bool = False


class ReserveSlots(Record):
    """Upload slots to reserve in a folder."""

    item_type: StorageItemType
    count: int
    frames_subfolder_name: str | None = None


class ReserveDatasetSlots(Record):
    """Upload slots to reserve for an upload through a dataset."""

    count: int
    upload_item_type: StorageItemType = StorageItemType.IMAGE


class UploadSignedUrl(Record):
    """A reserved upload slot: where to PUT the bytes, and what the item will be called."""

    item_uuid: UUID
    object_key: str
    signed_url: str
    upload_headers: dict[str, str] = Field(default_factory=dict)


class ListFolders(Record):
    """Parameters of listings of folders."""

    search: str | None = None
    is_recursive: bool = False
    dataset_synced: bool | None = None
    include_org_access: bool | None = None
    organisation_tag_names_allof: list[str] = Field(default_factory=list)
    order: FoldersSortBy = FoldersSortBy.NAME
    desc: bool = False
    page_token: str | None = None
    page_size: int = 100

    @field_validator("page_size")
    @classmethod
    def _clamp(cls, value: int) -> int:
        return max(1, min(value, 1000))


class ListItems(Record):
    """Parameters of listings of items."""

    search: str | None = None
    is_recursive: bool = False
    is_in_dataset: bool | None = None
    item_types: list[StorageItemType] = Field(default_factory=list)
    include_org_access: bool | None = None
    order: FoldersSortBy = FoldersSortBy.NAME
    desc: bool = False
    page_token: str | None = None
    page_size: int = 100
    sign_urls: bool = False
    include_client_metadata: bool = True
    client_metadata_as_signed_url: bool = False

    @field_validator("page_size")
    @classmethod
    def _clamp(cls, value: int) -> int:
        return max(1, min(value, 1000))


class SignUrl(Record):
    """Whether an item is wanted with a signed URL."""

    sign_url: bool = False


class SignUrls(Record):
    """Whether items are wanted with signed URLs."""

    sign_urls: bool = False


class FolderSummary(Record):
    """Counts of what lies directly in a folder, and its bytes."""

    files: int
    folders: int
    videos: int
    images: int
    image_groups: int
    image_sequences: int
    dicom_files: int
    dicom_series: int
    niftis: int
    audios: int
    pdfs: int
    plain_texts: int
    tombstones: int
    upload_jobs: int
    total_size: float
    scenes: int = 0
    time_series: int = 0
    groups: int = 0


class ItemShortInfo(Record):
    """A group or series that holds an item."""

    uuid: UUID
    name: str
    parent_uuid: UUID
    parent_name: str
    item_type: StorageItemType


class DatasetShortInfo(Record):
    """A dataset that holds an item, with the data rows that do."""

    dataset_hash: str
    backing_folder_uuid: UUID | None
    title: str
    data_hashes: list[UUID]
    data_units_created_at: Moment


class ItemSummary(Record):
    """Where an item is used: total counts, and those places that the caller may see."""

    frame_in_groups: int
    accessible_group_items: list[ItemShortInfo]
    used_in_datasets: int
    accessible_datasets: list[DatasetShortInfo]
    group_layout: dict[str, Any] | None = None
