"""A data row of a dataset: a dict of wire values with properties, and the images inside a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from corral.errors import CorralError
from corral.records.deprecation import deprecated
from corral.records.record import parse_moment
from corral.vocabulary import DataType, StorageLocation

LEGACY_TIME = "%Y-%m-%d %H:%M:%S"


class RowPort(Protocol):
    """How a row reaches the server; the SDK gives it one. Both methods raise CorralError."""

    def fetch(self, data_hash: str, additional_data: Mapping[str, Any]) -> DataRow:
        """The row as the server has it now, with what `additional_data` asks for."""
        ...

    def save(self, data_hash: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Store `fields` and return `updated_fields` and the new `data_row`."""
        ...


@dataclass
class ImagesDataFetchOptions:
    """How the images of a group are fetched; `fetch_signed_urls` adds a URL to download each one."""

    fetch_signed_urls: bool = False


@dataclass(frozen=True, repr=False)
class ImageData:
    """One image of an image group: sizes in pixels and bytes."""

    image_hash: str
    title: str
    file_link: str
    file_type: str
    file_size: int
    storage_location: StorageLocation
    created_at: datetime
    last_edited_at: datetime
    width: int
    signed_url: str | None
    height: int

    @classmethod
    def from_dict(cls, json_dict: Mapping[str, Any]) -> ImageData:
        """Read the wire's object."""
        return cls(
            image_hash=str(json_dict["image_hash"]),
            title=json_dict["title"],
            file_link=json_dict["file_link"],
            file_type=json_dict["file_type"],
            file_size=json_dict["file_size"],
            storage_location=StorageLocation(json_dict["storage_location"]),
            created_at=moment(json_dict["created_at"]),
            last_edited_at=moment(json_dict["last_edited_at"]),
            width=json_dict["width"],
            signed_url=json_dict.get("signed_url"),
            height=json_dict["height"],
        )

    @classmethod
    def from_list(cls, json_list: Sequence[Mapping[str, Any]]) -> list[ImageData]:
        """Read a list of the wire's objects."""
        return [cls.from_dict(entry) for entry in json_list]

    def __repr__(self) -> str:
        return f"ImageData(title={self.title}, image_hash={self.image_hash})"


def moment(value: Any) -> datetime:
    """A time from the wire. Raises ValueError."""
    parsed = parse_moment(value)
    if not isinstance(parsed, datetime):
        raise ValueError(f"{value!r} is not a time")
    return parsed


class DataRow(dict[str, Any]):
    """One file, group or series in a dataset.

    It is a dict with the wire's keys for older code; new code should use the properties and not mix both.
    `title` and `client_metadata` can be set: the change is queued until `save()`.
    """

    def __init__(
        self,
        uid: str,
        title: str,
        data_type: DataType,
        created_at: datetime,
        last_edited_at: datetime,
        width: int | None,
        height: int | None,
        file_link: str | None,
        file_size: int | None,
        file_type: str | None,
        storage_location: StorageLocation,
        client_metadata: dict[str, Any] | None,
        frames_per_second: int | None,
        duration: int | None,
        images_data: Sequence[Mapping[str, Any]] | None,
        signed_url: str | None,
        is_optimised_image_group: bool | None,
        backing_item_uuid: UUID | None,
    ) -> None:
        super().__init__(
            data_hash=uid,
            data_title=title,
            data_type=data_type.to_upper_case_string(),
            created_at=created_at.strftime(LEGACY_TIME),
            last_edited_at=last_edited_at.strftime(LEGACY_TIME),
            width=width,
            height=height,
            file_link=file_link,
            file_size=file_size,
            file_type=file_type,
            storage_location=storage_location,
            frames_per_second=frames_per_second,
            duration=duration,
            client_metadata=client_metadata,
            images_data=None if images_data is None else ImageData.from_list(images_data),
            signed_url=signed_url,
            is_optimised_image_group=is_optimised_image_group,
            backing_item_uuid=backing_item_uuid,
            _querier=None,
            _dirty_fields=[],
        )

    @classmethod
    def from_dict(cls, json_dict: Mapping[str, Any]) -> DataRow:
        """Read the wire's object."""
        backing = json_dict.get("backing_item_uuid")
        return cls(
            uid=json_dict["data_hash"],
            title=json_dict["data_title"],
            data_type=DataType.from_upper_case_string(json_dict["data_type"]),
            created_at=moment(json_dict["created_at"]).astimezone(UTC),
            last_edited_at=moment(json_dict["last_edited_at"]).astimezone(UTC),
            width=json_dict["width"],
            height=json_dict["height"],
            file_link=json_dict["file_link"],
            file_size=json_dict["file_size"],
            file_type=json_dict["file_type"],
            storage_location=StorageLocation(json_dict["storage_location"]),
            client_metadata=json_dict.get("client_metadata"),
            frames_per_second=json_dict["frames_per_second"],
            duration=json_dict["duration"],
            images_data=json_dict.get("images_data"),
            signed_url=json_dict.get("signed_url"),
            is_optimised_image_group=json_dict.get("is_optimised_image_group"),
            backing_item_uuid=UUID(str(backing)) if backing else None,
        )

    @classmethod
    def from_dict_list(cls, json_list: Sequence[Mapping[str, Any]]) -> list[DataRow]:
        """Read a list of the wire's objects."""
        return [cls.from_dict(entry) for entry in json_list]

    def bind(self, port: RowPort) -> DataRow:
        """Connect the row to a server, so that `refetch_data` and `save` work; returns the row."""
        self["_querier"] = port
        return self

    @property
    def uid(self) -> str:
        """The row's identifier (data hash). Setting it changes nothing on the server."""
        return str(self["data_hash"])

    @uid.setter
    def uid(self, value: str) -> None:
        self["data_hash"] = value

    @property
    def title(self) -> str:
        """The title; setting it is queued until `save()`."""
        return str(self["data_title"])

    @title.setter
    def title(self, value: str) -> None:
        self["_dirty_fields"].append("data_title")
        self["data_title"] = value

    @property
    def data_type(self) -> DataType:
        """What the row holds; MISSING_DATA_TYPE for a kind that this version does not know."""
        return DataType.from_upper_case_string(self["data_type"])

    @data_type.setter
    @deprecated("0.1.181")
    def data_type(self, value: DataType) -> None:
        self["data_type"] = value.to_upper_case_string()

    @property
    def created_at(self) -> datetime:
        """When the row was made, UTC in whole seconds."""
        return moment(self["created_at"])

    @created_at.setter
    @deprecated("0.1.181")
    def created_at(self, value: datetime) -> None:
        self["created_at"] = value.strftime(LEGACY_TIME)

    @property
    def last_edited_at(self) -> datetime:
        """When the row or its item was last changed, UTC in whole seconds."""
        return moment(self["last_edited_at"])

    @property
    def frames_per_second(self) -> float | None:
        """Frames a second of a video, None for everything else."""
        return self["frames_per_second"]  # type: ignore[no-any-return]

    @property
    def duration(self) -> float | None:
        """Seconds of a video, None for everything else."""
        return self["duration"] if self.data_type is DataType.VIDEO else None

    @property
    def client_metadata(self) -> MappingProxyType[str, Any] | None:
        """The cached client metadata, read-only; None until fetched. Setting it is queued until `save()`."""
        metadata = self["client_metadata"]
        return None if metadata is None else MappingProxyType(metadata)

    @client_metadata.setter
    def client_metadata(self, new_client_metadata: dict[str, Any]) -> None:
        self["_dirty_fields"].append("client_metadata")
        self["client_metadata"] = new_client_metadata

    @property
    def width(self) -> int | None:
        """Pixels across; None for an image group, whose images may differ (see `images_data`)."""
        return self["width"]  # type: ignore[no-any-return]

    @property
    def height(self) -> int | None:
        """Pixels down; None for an image group, whose images may differ (see `images_data`)."""
        return self["height"]  # type: ignore[no-any-return]

    @property
    def file_link(self) -> str | None:
        """Where the file lies for good: key in the platform's store or object URL; None without a single file."""
        return self["file_link"]  # type: ignore[no-any-return]

    @property
    def signed_url(self) -> str | None:
        """The cached signed URL; None until fetched."""
        return self["signed_url"]  # type: ignore[no-any-return]

    @property
    def file_size(self) -> int:
        """Bytes of the file, or of all files of a group or series."""
        return self["file_size"]  # type: ignore[no-any-return]

    @property
    def file_type(self) -> str:
        """MIME type of the file."""
        return self["file_type"]  # type: ignore[no-any-return]

    @property
    def storage_location(self) -> StorageLocation:
        """Where the bytes live."""
        return self["storage_location"]  # type: ignore[no-any-return]

    @property
    def images_data(self) -> list[ImageData] | None:
        """The cached images of a group; None until fetched and for everything that is no image group."""
        return self["images_data"]  # type: ignore[no-any-return]

    @property
    def is_image_sequence(self) -> bool | None:
        """Whether an image group is an encoded sequence; None for everything that is no image group."""
        return self["is_optimised_image_group"]  # type: ignore[no-any-return]

    @property
    @deprecated("0.1.98", "is_image_sequence")
    def is_optimised_image_group(self) -> bool | None:
        """Old name of `is_image_sequence`."""
        return self.is_image_sequence

    @property
    def backing_item_uuid(self) -> UUID:
        """The storage item behind the row. Raises NotImplementedError where the server names none."""
        backing = self.get("backing_item_uuid")
        if not backing:
            raise NotImplementedError("This server does not tell which storage item is behind a data row.")
        return backing  # type: ignore[no-any-return]

    def refetch_data(
        self,
        *,
        signed_url: bool = False,
        images_data_fetch_options: ImagesDataFetchOptions | None = None,
        client_metadata: bool = False,
    ) -> None:
        """Fetch the row anew, in place. What is not asked for, or comes back empty, keeps its cached value.

        Raises CorralError.
        """
        options = None if images_data_fetch_options is None else asdict(images_data_fetch_options)
        wanted = {
            "signed_url": signed_url,
            "images_data_fetch_options": options,
            "client_metadata": client_metadata,
        }
        self._take_over(self._port().fetch(self.uid, wanted))

    @deprecated("0.1.192", "StorageItem.update")
    def save(self) -> None:
        """Send queued changes of `title` and `client_metadata`. Raises CorralError."""
        fields = {name: self[name] for name in dict.fromkeys(self["_dirty_fields"])}
        answer = self._port().save(self.uid, fields)
        self["_dirty_fields"] = []
        if set(answer["updated_fields"]) != set(fields):
            raise CorralError(f"The server saved {sorted(answer['updated_fields'])}, not {sorted(fields)}.")
        self._take_over(DataRow.from_dict(answer["data_row"]))

    def _port(self) -> RowPort:
        port: RowPort | None = self["_querier"]
        if port is None:
            raise CorralError("This data row is not connected to a server; get it through a dataset.")
        return port

    def _take_over(self, fresh: DataRow) -> None:
        self.update((name, value) for name, value in fresh.items() if value is not None and not name.startswith("_"))


class DataRows(dict[str, Any]):
    """A filtered listing of data rows, as the older protocol names it; not for direct use."""

    def __init__(self, data_rows: list[DataRow]) -> None:
        super().__init__(data_rows=data_rows)

    @classmethod
    def from_dict(cls, json_dict: Mapping[str, Any]) -> DataRow:
        """Read one row of the listing."""
        return DataRow.from_dict(json_dict)
