"""Media records of the older protocol: signed URLs and the answers of single uploads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from corral.records.field_record import FieldRecord, FieldRecordList

_SIGNED: dict[str, type] = {"signed_url": str, "data_hash": str, "title": str, "file_link": str}
_STORED: dict[str, type] = {"data_hash": str, "title": str, "file_link": str, "backing_item_uuid": UUID}


class DatasetData(FieldRecord):
    """The content of a data row: a video or a list of images."""

    DB_FIELDS: ClassVar[dict[str, type]] = {"data_hash": str, "video": dict, "images": list}


class SignedVideoURL(FieldRecord):
    """A signed URL of a video, with what it belongs to."""

    DB_FIELDS: ClassVar[dict[str, type]] = _SIGNED


class SignedImageURL(FieldRecord):
    """A signed URL of an image, with what it belongs to."""

    DB_FIELDS: ClassVar[dict[str, type]] = _SIGNED


class SignedImagesURL(FieldRecordList):
    """Signed URLs of several images."""

    BASE_ORM_TYPE: ClassVar[type[FieldRecord]] = SignedImageURL


class SignedAudioURL(FieldRecord):
    """A signed URL of an audio file, with what it belongs to."""

    DB_FIELDS: ClassVar[dict[str, type]] = _SIGNED


class SignedDicomURL(FieldRecord):
    """A signed URL of a DICOM file, with what it belongs to."""

    DB_FIELDS: ClassVar[dict[str, type]] = _SIGNED


class SignedDicomsURL(FieldRecordList):
    """Signed URLs of several DICOM files."""

    BASE_ORM_TYPE: ClassVar[type[FieldRecord]] = SignedDicomURL


class Video(FieldRecord):
    """A video in a dataset."""

    DB_FIELDS: ClassVar[dict[str, type]] = _STORED
    NON_UPDATABLE_FIELDS: ClassVar[frozenset[str]] = frozenset({"data_hash", "backing_item_uuid"})


class Audio(FieldRecord):
    """An audio file in a dataset."""

    DB_FIELDS: ClassVar[dict[str, type]] = _STORED
    NON_UPDATABLE_FIELDS: ClassVar[frozenset[str]] = frozenset({"data_hash", "backing_item_uuid"})


class ImageGroup(FieldRecord):
    """An image group in a dataset."""

    DB_FIELDS: ClassVar[dict[str, type]] = {"data_hash": str, "title": str, "file_link": str}
    NON_UPDATABLE_FIELDS: ClassVar[frozenset[str]] = frozenset({"data_hash"})


class Image(FieldRecord):
    """An image in a dataset."""

    DB_FIELDS: ClassVar[dict[str, type]] = {"data_hash": str, "image_hash": str, "title": str, "file_link": str}
    NON_UPDATABLE_FIELDS: ClassVar[frozenset[str]] = frozenset({"data_hash"})


class SingleImage(Image):
    """The answer of a single image upload; `success` tells whether it arrived."""

    DB_FIELDS: ClassVar[dict[str, type]] = {**Image.DB_FIELDS, "success": bool}


@dataclass(frozen=True)
class Images:
    """The answer of an upload of several images; `success` tells whether they arrived."""

    success: bool


@dataclass(frozen=True)
class DicomSeries:
    """A DICOM series in a dataset."""

    data_hash: str
    title: str


@dataclass(frozen=True)
class DicomDeidentifyTask:
    """DICOM objects to be freed of identifying content, and the integration that reaches them."""

    dicom_urls: list[str]
    integration_hash: str


@dataclass(frozen=True)
class ImageGroupOCR:
    """Text read from one image of a group: `{"ocr_texts": [{"text", "boundingBox": {x, y, w, h}}]}`."""

    processed_texts: dict[str, Any]
