"""The dataset module: every type about datasets and data rows that travels, under the names of the reference page.

The live dataset, with methods that talk to a server, is `corral.sdk.dataset.Dataset`; the one here is a record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from corral.records.data_row import DataRow, DataRows, ImageData, ImagesDataFetchOptions, RowPort
from corral.records.dataset_jobs import (
    AddPrivateDataResponse,
    DatasetDataInfo,
    DatasetDataLongPolling,
    DataUnitError,
    ReEncodeVideoTask,
    ReEncodeVideoTaskResult,
)
from corral.records.legacy_media import (
    Audio,
    DatasetData,
    DicomDeidentifyTask,
    DicomSeries,
    Image,
    ImageGroup,
    ImageGroupOCR,
    Images,
    SignedAudioURL,
    SignedDicomsURL,
    SignedDicomURL,
    SignedImagesURL,
    SignedImageURL,
    SignedVideoURL,
    SingleImage,
    Video,
)
from corral.records.record import Moment, Record
from corral.vocabulary import (
    DataLinkDuplicatesBehavior,
    DatasetType,
    DatasetUserRole,
    DatasetUserRoleV2,
    DataType,
    LongPollingStatus,
    StorageLocation,
)

__all__ = [
    "DEFAULT_DATASET_ACCESS_SETTINGS",
    "AddPrivateDataResponse",
    "Audio",
    "CreateDatasetPayload",
    "CreateDatasetResponse",
    "CreateDatasetResponseV2",
    "DataClientMetadata",
    "DataLinkDuplicatesBehavior",
    "DataRow",
    "DataRows",
    "DataType",
    "DataUnitError",
    "Dataset",
    "DatasetAccessSettings",
    "DatasetData",
    "DatasetDataInfo",
    "DatasetDataLongPolling",
    "DatasetInfo",
    "DatasetLinkItems",
    "DatasetType",
    "DatasetUser",
    "DatasetUserRole",
    "DatasetUserRoleV2",
    "DatasetWithUserRole",
    "DatasetsWithUserRolesListParams",
    "DatasetsWithUserRolesListResponse",
    "DicomDeidentifyTask",
    "DicomSeries",
    "Image",
    "ImageData",
    "ImageGroup",
    "ImageGroupOCR",
    "Images",
    "ImagesDataFetchOptions",
    "LongPollingStatus",
    "ReEncodeVideoTask",
    "ReEncodeVideoTaskResult",
    "RowPort",
    "SignedAudioURL",
    "SignedDicomURL",
    "SignedDicomsURL",
    "SignedImageURL",
    "SignedImagesURL",
    "SignedVideoURL",
    "SingleImage",
    "StorageLocation",
    "Video",
    "dataset_user_role_str_enum_to_int_enum",
]


def dataset_user_role_str_enum_to_int_enum(str_enum: DatasetUserRoleV2) -> DatasetUserRole:
    """The numbered role that means the same as a role in words."""
    return DatasetUserRole.ADMIN if str_enum is DatasetUserRoleV2.ADMIN else DatasetUserRole.USER


class DatasetUser(Record):
    """One user's membership of a dataset."""

    user_email: str
    user_role: DatasetUserRole
    dataset_hash: str


@dataclass(frozen=True)
class DataClientMetadata:
    """Free JSON that the client attaches to a data item."""

    payload: dict[str, Any]


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset as a listing shows it; `type` is its numbered storage location."""

    dataset_hash: str
    user_hash: str
    title: str
    description: str
    type: int
    created_at: datetime
    last_edited_at: datetime
    backing_folder_uuid: UUID | None = None


class Dataset(dict[str, Any]):
    """A dataset as a record: a dict with the wire's keys, and properties that read and set them locally."""

    def __init__(
        self,
        title: str,
        storage_location: str,
        data_rows: list[DataRow],
        dataset_hash: str,
        description: str | None = None,
        backing_folder_uuid: UUID | None = None,
    ) -> None:
        super().__init__(
            dataset_hash=dataset_hash,
            title=title,
            description=description,
            dataset_type=storage_location,
            data_rows=data_rows,
            backing_folder_uuid=backing_folder_uuid,
        )

    @classmethod
    def from_dict(cls, json_dict: Mapping[str, Any]) -> Dataset:
        """Read the wire's object."""
        return cls(
            title=json_dict["title"],
            storage_location=json_dict["dataset_type"],
            data_rows=DataRow.from_dict_list(json_dict.get("data_rows", [])),
            dataset_hash=json_dict["dataset_hash"],
            description=json_dict["description"],
            backing_folder_uuid=_uuid(json_dict.get("backing_folder_uuid")),
        )

    @property
    def dataset_hash(self) -> str:
        """The dataset's identifier."""
        return str(self["dataset_hash"])

    @property
    def title(self) -> str:
        """The title."""
        return str(self["title"])

    @title.setter
    def title(self, value: str) -> None:
        self["title"] = value

    @property
    def description(self) -> str:
        """The description."""
        return self["description"]  # type: ignore[no-any-return]

    @description.setter
    def description(self, value: str) -> None:
        self["description"] = value

    @property
    def storage_location(self) -> StorageLocation:
        """A legacy field: the data of one dataset may live in several places."""
        return StorageLocation.from_str(self["dataset_type"])

    @storage_location.setter
    def storage_location(self, value: StorageLocation) -> None:
        self["dataset_type"] = value.get_str()

    @property
    def data_rows(self) -> list[DataRow]:
        """The data rows that came with the dataset."""
        return self["data_rows"]  # type: ignore[no-any-return]

    @data_rows.setter
    def data_rows(self, value: list[DataRow]) -> None:
        self["data_rows"] = value

    @property
    def backing_folder_uuid(self) -> UUID | None:
        """The folder that a mirror dataset is kept in step with; None for other datasets."""
        return self["backing_folder_uuid"]  # type: ignore[no-any-return]

    @backing_folder_uuid.setter
    def backing_folder_uuid(self, value: UUID | None) -> None:
        self["backing_folder_uuid"] = value


class CreateDatasetResponse(dict[str, Any]):
    """A dataset that was just made: a dict with the wire's keys, and properties."""

    def __init__(
        self, title: str, storage_location: int, dataset_hash: str, user_hash: str, backing_folder_uuid: UUID | None
    ) -> None:
        super().__init__(
            title=title,
            type=storage_location,
            dataset_hash=dataset_hash,
            user_hash=user_hash,
            backing_folder_uuid=backing_folder_uuid,
        )

    @classmethod
    def from_dict(cls, json_dict: Mapping[str, Any]) -> CreateDatasetResponse:
        """Read the wire's object."""
        return cls(
            title=json_dict["title"],
            storage_location=json_dict["type"],
            dataset_hash=json_dict["dataset_hash"],
            user_hash=json_dict["user_hash"],
            backing_folder_uuid=_uuid(json_dict.get("backing_folder_uuid")),
        )

    @property
    def title(self) -> str:
        """The title."""
        return str(self["title"])

    @title.setter
    def title(self, value: str) -> None:
        self["title"] = value

    @property
    def storage_location(self) -> StorageLocation:
        """Where the creator said the data would live."""
        return StorageLocation(self["type"])

    @storage_location.setter
    def storage_location(self, value: StorageLocation) -> None:
        self["type"] = value.value

    @property
    def dataset_hash(self) -> str:
        """The dataset's identifier."""
        return str(self["dataset_hash"])

    @dataset_hash.setter
    def dataset_hash(self, value: str) -> None:
        self["dataset_hash"] = value

    @property
    def user_hash(self) -> str:
        """The creator's identifier."""
        return str(self["user_hash"])

    @user_hash.setter
    def user_hash(self, value: str) -> None:
        self["user_hash"] = value

    @property
    def backing_folder_uuid(self) -> UUID | None:
        """The folder of a mirror dataset; None for other datasets."""
        return self["backing_folder_uuid"]  # type: ignore[no-any-return]

    @backing_folder_uuid.setter
    def backing_folder_uuid(self, value: UUID | None) -> None:
        self["backing_folder_uuid"] = value


def _uuid(value: object) -> UUID | None:
    return UUID(str(value)) if value else None


@dataclass
class DatasetAccessSettings:
    """What a dataset brings along: the client metadata of each row, and the rows at all."""

    fetch_client_metadata: bool
    fetch_rows: bool = True


DEFAULT_DATASET_ACCESS_SETTINGS = DatasetAccessSettings(fetch_client_metadata=False)


@dataclass(frozen=True)
class DatasetLinkItems:
    """Storage items linked to a dataset."""

    items: Sequence[UUID] = ()


class CreateDatasetPayload(Record):
    """A dataset to make; `create_backing_folder` makes it a mirror with a folder of its own."""

    title: str
    description: str | None = None
    create_backing_folder: bool = True
    legacy_call: bool = False


class CreateDatasetResponseV2(Record):
    """The ids of a new dataset and, for a mirror, of its folder."""

    dataset_uuid: UUID
    backing_folder_uuid: UUID | None = None


class DatasetsWithUserRolesListParams(Record):
    """Filters of the dataset listing; `*_like` are SQL LIKE patterns, `title_cont` is an old form of `title_like`."""

    title_eq: str | None = None
    title_like: str | None = None
    title_cont: str | None = None
    description_eq: str | None = None
    description_like: str | None = None
    created_before: Moment | None = None
    created_after: Moment | None = None
    edited_before: Moment | None = None
    edited_after: Moment | None = None
    include_org_access: bool = False


class DatasetWithUserRole(Record):
    """A dataset in a listing, with the caller's role (None where only the organisation gives access)."""

    dataset_uuid: UUID
    title: str
    description: str
    created_at: Moment
    last_edited_at: Moment
    user_role: DatasetUserRoleV2 | None
    storage_location: StorageLocation | None = None
    backing_folder_uuid: UUID | None = None


class DatasetsWithUserRolesListResponse(Record):
    """The dataset listing."""

    result: list[DatasetWithUserRole]
