"""Reads the media metadata that clients supply in place of letting Corral read the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corral.errors import InvalidArgumentsError
from corral.vocabulary import StorageItemType

# For each kind: the key of its block, and wire field → (fact, type), every field needed.
_Fields = dict[str, tuple[str, type]]
_BLOCKS: dict[StorageItemType, tuple[str, _Fields]] = {
    StorageItemType.VIDEO: (
        "videometadata",
        {
            "fps": ("fps", float),
            "duration": ("duration", float),
            "width": ("width", int),
            "height": ("height", int),
            "filesize": ("file_size", int),
            "mimetype": ("mime_type", str),
        },
    ),
    StorageItemType.IMAGE: (
        "imagemetadata",
        {
            "mimetype": ("mime_type", str),
            "filesize": ("file_size", int),
            "height": ("height", int),
            "width": ("width", int),
        },
    ),
    StorageItemType.AUDIO: (
        "audiometadata",
        {
            "duration": ("duration", float),
            "filesize": ("file_size", int),
            "mimetype": ("mime_type", str),
            "samplerate": ("audio_sample_rate", int),
            "bitdepth": ("audio_bit_depth", int),
            "codec": ("audio_codec", str),
            "numchannels": ("audio_num_channels", int),
        },
    ),
    StorageItemType.PLAIN_TEXT: ("textmetadata", {"filesize": ("file_size", int), "mimetype": ("mime_type", str)}),
    StorageItemType.PDF: ("pdfmetadata", {"filesize": ("file_size", int), "numpages": ("page_count", int)}),
}
# What the documentation of the vendor's SDK asks of supplied DICOM metadata: all as keys, values may be null.
DICOM_TAGS = (
    "00080018 00100020 00180050 00181114 00181164 0020000D 0020000E 00200013 00200032 00200037 00209113 00209116"
    " 00280004 00280008 00280010 00280011 00280030 00281050 00281051 00289110 52009229 52009230"
).split()


def facts(item_type: StorageItemType, entry: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """The facts in an entry's metadata block, None where there is none.

    `entry` has its names in lower case without underscores. Raises InvalidArgumentsError naming what is missing or
    of the wrong type.
    """
    if item_type is StorageItemType.DICOM_FILE:
        return _dicom(entry.get("dicommetadata"), place)
    known = _BLOCKS.get(item_type)
    block = entry.get(known[0]) if known else None
    if known is None or block is None:
        return None
    fields = _lowered(block, f"{place}.{known[0]}")
    missing = [name for name in known[1] if fields.get(name) is None]
    if missing:
        raise InvalidArgumentsError(f"{place}.{known[0]} lacks {', '.join(missing)}.")
    found = {fact: _value(fields[name], kind, f"{place}.{name}") for name, (fact, kind) in known[1].items()}
    if item_type is StorageItemType.VIDEO:
        found["frame_count"] = round(found["fps"] * found["duration"])
    if item_type is StorageItemType.PDF:
        found["mime_type"] = "application/pdf"
    return found


def _lowered(block: object, place: str) -> dict[str, Any]:
    if not isinstance(block, dict):
        raise InvalidArgumentsError(f"{place} must be an object.")
    return {str(name).replace("_", "").lower(): value for name, value in block.items()}


def _value(value: object, kind: type, place: str) -> Any:
    if kind is str and isinstance(value, str) and value:
        return value
    if kind is not str and isinstance(value, (int, float)) and not isinstance(value, bool):
        if kind is int and value != int(value):
            raise InvalidArgumentsError(f"{place} must be a whole number.")
        if 0 <= value < 2**63:
            return kind(value)
    raise InvalidArgumentsError(f"{place} must be {'text' if kind is str else 'a number that is not negative'}.")


def _dicom(block: object, place: str) -> dict[str, Any] | None:
    if block is None:
        return None
    tags = _lowered(block, f"{place}.dicomMetadata").get("tags")
    if not isinstance(tags, dict):
        raise InvalidArgumentsError(f"{place}.dicomMetadata.tags must be an object of DICOM tags.")
    known = {str(name).upper(): value for name, value in tags.items()}
    missing = [tag for tag in DICOM_TAGS if tag not in known]
    if missing:
        raise InvalidArgumentsError(f"{place}.dicomMetadata.tags lacks {', '.join(missing)} (null is accepted).")
    rows, columns = _number(known["00280010"]), _number(known["00280011"])
    return {
        "mime_type": "application/dicom",
        "file_size": 0,
        "width": columns,
        "height": rows,
        "frame_count": _number(known["00280008"]) or 1,
        "dicom_instance_uid": _first(known["00080018"]),
        "dicom_study_uid": _first(known["0020000D"]),
        "dicom_series_uid": _first(known["0020000E"]),
        "extra": {
            "instanceNumber": _number(known["00200013"]),
            "imagePositionPatient": _numbers(known["00200032"]),
            "imageOrientationPatient": _numbers(known["00200037"]),
        },
    }


def _values(element: object) -> list[Any]:
    """The values of an element in DICOM JSON form (PS3.18 F.2.2): `{"vr": ..., "Value": [...]}`."""
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def _first(element: object) -> str | None:
    values = _values(element)
    return str(values[0]) if values else None


def _numbers(element: object) -> list[float]:
    try:
        return [float(value) for value in _values(element)]
    except (TypeError, ValueError):
        return []


def _number(element: object) -> int | None:
    numbers = _numbers(element)
    return int(numbers[0]) if numbers else None
