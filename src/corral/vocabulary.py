"""The words of the field that the wire, the SDK and the server share."""

from __future__ import annotations

from enum import Enum, IntEnum


class WireEnum(str, Enum):
    """An enum whose members are strings and print as their wire value."""

    def __str__(self) -> str:
        return str(self.value)


class DataType(WireEnum):
    """What a data row holds. Python values are lower case; the legacy wire spells them in upper case."""

    VIDEO = "video"
    IMG_GROUP = "img_group"
    DICOM = "dicom"
    IMAGE = "image"
    DICOM_STUDY = "dicom_study"
    NIFTI = "nifti"
    AUDIO = "audio"
    TIME_SERIES = "time_series"
    PLAIN_TEXT = "plain_text"
    PDF = "pdf"
    GROUP = "group"
    SCENE = "scene"
    MISSING_DATA_TYPE = "_MISSING_DATA_TYPE_"

    @classmethod
    def from_upper_case_string(cls, string: str) -> DataType:
        """Read the legacy spelling; a word this version does not know becomes MISSING_DATA_TYPE."""
        member = cls._value2member_map_.get(string.lower()) if string.isupper() else None
        return member if isinstance(member, cls) else cls.MISSING_DATA_TYPE

    def to_upper_case_string(self) -> str:
        """The legacy spelling, for example IMG_GROUP."""
        return self.value.upper()


class StorageItemType(WireEnum):
    """What a storage item is."""

    VIDEO = "video"
    IMAGE = "image"
    GROUP = "group"
    IMAGE_GROUP = "imageGroup"
    IMAGE_SEQUENCE = "imageSequence"
    DICOM_FILE = "dicomFile"
    DICOM_SERIES = "dicomSeries"
    AUDIO = "audio"
    TIMESERIES = "timeseries"
    NIFTI = "nifti"
    PLAIN_TEXT = "plainText"
    PDF = "pdf"
    SCENE = "scene"

    @property
    def data_type(self) -> DataType:
        """The data type of a row that this item backs."""
        return ITEM_TYPE_TO_DATA_TYPE[self]


ITEM_TYPE_TO_DATA_TYPE = {
    StorageItemType.VIDEO: DataType.VIDEO,
    StorageItemType.IMAGE: DataType.IMAGE,
    StorageItemType.GROUP: DataType.GROUP,
    StorageItemType.IMAGE_GROUP: DataType.IMG_GROUP,
    StorageItemType.IMAGE_SEQUENCE: DataType.IMG_GROUP,
    StorageItemType.DICOM_FILE: DataType.DICOM,
    StorageItemType.DICOM_SERIES: DataType.DICOM,
    StorageItemType.AUDIO: DataType.AUDIO,
    StorageItemType.TIMESERIES: DataType.TIME_SERIES,
    StorageItemType.NIFTI: DataType.NIFTI,
    StorageItemType.PLAIN_TEXT: DataType.PLAIN_TEXT,
    StorageItemType.PDF: DataType.PDF,
    StorageItemType.SCENE: DataType.SCENE,
}

COMPOSITE_ITEM_TYPES = frozenset(
    {
        StorageItemType.IMAGE_GROUP,
        StorageItemType.IMAGE_SEQUENCE,
        StorageItemType.DICOM_SERIES,
        StorageItemType.GROUP,
    }
)


class StorageLocation(IntEnum):
    """Where the bytes behind a data row live, as the dataset pages number it.

    CORD_STORAGE is the platform's own store; AWS, GCP, AZURE and S3_COMPATIBLE are customers' buckets;
    NEW_STORAGE stands for a place this version does not know.
    """

    CORD_STORAGE = 0
    AWS = 1
    GCP = 2
    AZURE = 3
    S3_COMPATIBLE = 4
    NEW_STORAGE = -99

    @classmethod
    def _missing_(cls, value: object) -> StorageLocation:
        return cls.NEW_STORAGE

    @classmethod
    def from_str(cls, name: str) -> StorageLocation:
        """Read the string form of a dataset's `dataset_type`, for example AWS_S3."""
        return _LOCATION_FROM_STRING.get(name, cls.NEW_STORAGE)

    def get_str(self) -> str:
        """The string form that the legacy wire uses for `dataset_type`."""
        return _LOCATION_TO_STRING[self]


_LOCATION_TO_STRING = {
    StorageLocation.CORD_STORAGE: "CORD_STORAGE",
    StorageLocation.AWS: "AWS_S3",
    StorageLocation.GCP: "GCP_STR",
    StorageLocation.AZURE: "AZURE_STR",
    StorageLocation.S3_COMPATIBLE: "S3_COMPATIBLE_STR",
    StorageLocation.NEW_STORAGE: "NEW_STORAGE",
}
_LOCATION_FROM_STRING = {name: location for location, name in _LOCATION_TO_STRING.items()}

DatasetType = StorageLocation


class StorageLocationName(WireEnum):
    """Where a storage item's bytes live, as the storage API names it."""

    ENCORD_STORAGE = "encord"
    GCP_STORAGE = "gcp"
    S3_STORAGE = "s3"
    AZURE_STORAGE = "azure"
    OPEN_TELEKOM = "openTelekom"
    DIRECT_ACCESS = "directAccess"
    S3_COMPATIBLE = "s3Compatible"

    @property
    def location(self) -> StorageLocation:
        """The number that data rows carry for this place."""
        return _NAME_TO_LOCATION.get(self, StorageLocation.S3_COMPATIBLE)


_NAME_TO_LOCATION = {
    StorageLocationName.ENCORD_STORAGE: StorageLocation.CORD_STORAGE,
    StorageLocationName.GCP_STORAGE: StorageLocation.GCP,
    StorageLocationName.S3_STORAGE: StorageLocation.AWS,
    StorageLocationName.AZURE_STORAGE: StorageLocation.AZURE,
}


class DatasetUserRole(IntEnum):
    """Role of a user on a dataset, in numbers: ADMIN changes it, USER looks at it."""

    ADMIN = 0
    USER = 1


class DatasetUserRoleV2(WireEnum):
    """Role of a user on a dataset, in words; new code should prefer it over the numbers."""

    ADMIN = "admin"
    USER = "user"


class StorageUserRole(WireEnum):
    """Role of a user on a folder and all that lies in it."""

    ADMIN = "admin"
    USER = "user"


class OrganisationRole(WireEnum):
    """Role of a user in the organisation."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    TASKER = "TASKER"
    WORKFORCE_MANAGER = "WORKFORCE_MANAGER"


class StorageFolderType(WireEnum):
    """What keeps a folder filled: people (generic), a bucket (cloudLinked) or the platform (synthetic)."""

    GENERIC = "generic"
    CLOUD_LINKED = "cloudLinked"
    SYNTHETIC = "synthetic"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> StorageFolderType:
        return cls.UNKNOWN


class CloudSyncStatus(WireEnum):
    """Where a sync of a folder with its bucket stands; DONE may still hide files that could not be read."""

    PENDING = "pending"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"


class LongPollingStatus(WireEnum):
    """Where a job stands.

    PENDING: waiting or at work. DONE: over; with `ignore_errors` units may have failed, see the counts.
    ERROR: over with errors, only without `ignore_errors`. CANCELLED: stopped by a user; what was finished
    before stays.
    """

    PENDING = "PENDING"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


class DataLinkDuplicatesBehavior(Enum):
    """What linking does with an item that the dataset already holds.

    SKIP keeps the present row, DUPLICATE makes a second row, FAIL refuses the whole call.
    """

    DUPLICATE = "DUPLICATE"
    FAIL = "FAIL"
    SKIP = "SKIP"


class FoldersSortBy(WireEnum):
    """What listings of folders and items are ordered by."""

    NAME = "name"
    CREATED_AT = "createdAt"
