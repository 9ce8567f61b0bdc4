"""Reads the facts of DICOM files from their header, without the pixels."""

from __future__ import annotations

from typing import Any, BinaryIO

from corral.server.media.facts import Facts, MediaError

_NEEDED = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def probe_dicom(file: BinaryIO, size: int) -> Facts:
    """Facts of one DICOM instance (PS3.10 file, with or without preamble). Raises MediaError."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    file.seek(0)
    try:
        dataset = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        missing = [name for name in _NEEDED if not dataset.get(name)]
    except (InvalidDicomError, EOFError, OSError, ValueError, KeyError, NotImplementedError, AttributeError) as error:
        raise MediaError(f"This is not a DICOM file that can be read: {error}.") from None
    if missing:
        raise MediaError(f"This is not a complete DICOM file: {', '.join(missing)} missing.")
    _refuse_truncated(file, size, dataset)
    frames = _whole_number(dataset, "NumberOfFrames") or 1
    return Facts(
        mime_type="application/dicom",
        file_size=size,
        width=_whole_number(dataset, "Columns"),
        height=_whole_number(dataset, "Rows"),
        frame_count=frames,
        dicom_instance_uid=str(dataset.SOPInstanceUID),
        dicom_study_uid=str(dataset.StudyInstanceUID),
        dicom_series_uid=str(dataset.SeriesInstanceUID),
        extra=_geometry(dataset),
    )


def _geometry(dataset: Any) -> dict[str, Any]:
    syntax = getattr(dataset, "file_meta", {}).get("TransferSyntaxUID")
    extra = {
        "modality": _text(dataset, "Modality"),
        "transferSyntaxUid": str(syntax) if syntax else None,
        "instanceNumber": _whole_number(dataset, "InstanceNumber"),
        "seriesDescription": _text(dataset, "SeriesDescription"),
        "pixelSpacing": _numbers(dataset, "PixelSpacing"),
        "sliceThickness": _number(dataset, "SliceThickness"),
        "imagePositionPatient": _numbers(dataset, "ImagePositionPatient"),
        "imageOrientationPatient": _numbers(dataset, "ImageOrientationPatient"),
    }
    return {name: value for name, value in extra.items() if value is not None}


def _refuse_truncated(file: BinaryIO, size: int, dataset: Any) -> None:
    """An uncompressed image must be as long as its header says (PS3.3 C.7.6.3)."""
    meta = getattr(dataset, "file_meta", None)
    syntax = meta.get("TransferSyntaxUID") if meta else None
    if syntax is None or syntax.is_compressed or not dataset.get("Rows") or not dataset.get("BitsAllocated"):
        return
    frames = _whole_number(dataset, "NumberOfFrames") or 1
    samples = _whole_number(dataset, "SamplesPerPixel") or 1
    rows, columns = _whole_number(dataset, "Rows") or 0, _whole_number(dataset, "Columns") or 0
    expected = rows * columns * samples * frames * (_whole_number(dataset, "BitsAllocated") or 8) // 8
    if "YBR_FULL_422" in str(dataset.get("PhotometricInterpretation", "")):
        expected = expected * 2 // 3
    position = file.tell()
    head = file.read(4)
    has_pixels = head in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10")
    if has_pixels and size - position < expected:
        raise MediaError(f"This DICOM file is truncated: {size - position} of {expected} bytes of pixels are there.")


def _text(dataset: Any, name: str) -> str | None:
    value = dataset.get(name)
    return str(value) if value not in (None, "") else None


def _number(dataset: Any, name: str) -> float | None:
    try:
        value = dataset.get(name)
        return float(value) if value not in (None, "") else None
    except (TypeError, ValueError):
        return None


def _whole_number(dataset: Any, name: str) -> int | None:
    value = _number(dataset, name)
    return int(value) if value is not None else None


def _numbers(dataset: Any, name: str) -> list[float] | None:
    try:
        value = dataset.get(name)
        return [float(part) for part in value] if value else None
    except (TypeError, ValueError):
        return None
