"""Reads the facts of one file of a given kind; the kind must fit the content, never the name or a header."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

from corral.server.media import audio, dicom, documents, images, scenes, videos, volumes
from corral.server.media.facts import Facts, MediaError
from corral.server.media.sniff import HEAD_BYTES, sniff
from corral.vocabulary import StorageItemType

_WORDS = {
    StorageItemType.IMAGE: "an image (JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF)",
    StorageItemType.VIDEO: "a video (MP4, MOV, WebM, MKV, AVI ...)",
    StorageItemType.AUDIO: "audio (WAV, FLAC, MP3, M4A or OGG)",
    StorageItemType.PDF: "a PDF",
    StorageItemType.NIFTI: "a NIfTI volume (.nii or .nii.gz)",
}


def probe(file: BinaryIO, kind: StorageItemType, name: str) -> Facts:
    """The facts of a seekable file. Raises MediaError when it is empty, broken or of another kind."""
    quick = probe_header(file, kind, name)
    return quick if quick is not None else _probe_fully(file, kind, name)


def probe_header(file: BinaryIO, kind: StorageItemType, name: str) -> Facts | None:
    """The facts, where a bounded look at headers in plain Python gives them; None where a decoder is needed.

    Raises MediaError when the file is empty, broken or of another kind.
    """
    size, mime = _size_and_mime(file, name)
    _require_kind(kind, mime)
    if kind is StorageItemType.IMAGE and mime in ("image/jpeg", "image/png"):
        return images.probe_image(file, size, mime)
    if kind is StorageItemType.VIDEO and mime in ("video/mp4", "video/quicktime"):
        return videos.probe_mp4(file, size, mime)
    if kind is StorageItemType.AUDIO and mime == "audio/wav":
        return audio.probe_wav(file, size)
    if kind is StorageItemType.AUDIO and mime == "audio/flac":
        return audio.probe_flac(file, size)
    if kind is StorageItemType.NIFTI:
        return volumes.probe_nifti(file, size)
    if kind is StorageItemType.PLAIN_TEXT:
        return documents.probe_text(file, size, mime)
    if kind is StorageItemType.SCENE:
        return scenes.probe_scene(file, size, mime)
    return None


def _probe_fully(file: BinaryIO, kind: StorageItemType, name: str) -> Facts:
    size, mime = _size_and_mime(file, name)
    readers: dict[StorageItemType, Callable[[], Facts]] = {
        StorageItemType.IMAGE: lambda: images.probe_image(file, size, mime),
        StorageItemType.VIDEO: lambda: videos.probe_by_packets(file, size, mime),
        StorageItemType.AUDIO: lambda: audio.probe_by_packets(file, size, _sound_type(mime)),
        StorageItemType.DICOM_FILE: lambda: dicom.probe_dicom(file, size),
        StorageItemType.PDF: lambda: documents.probe_pdf(file, size),
        StorageItemType.TIMESERIES: lambda: documents.probe_time_series(file, size),
    }
    if kind not in readers:
        raise MediaError(f"Files cannot be read as {kind.value}.")
    return readers[kind]()


def _size_and_mime(file: BinaryIO, name: str) -> tuple[int, str]:
    size = file.seek(0, os.SEEK_END)
    if not size:
        raise MediaError("This file is empty.")
    file.seek(0)
    return size, sniff(file.read(HEAD_BYTES), name)


def _require_kind(kind: StorageItemType, mime: str) -> None:
    fits = {
        StorageItemType.IMAGE: mime in images.TYPES,
        StorageItemType.VIDEO: mime in videos.TYPES,
        StorageItemType.AUDIO: mime in audio.TYPES or mime in ("video/mp4", "video/quicktime", "video/x-matroska"),
        StorageItemType.PDF: mime == "application/pdf",
        StorageItemType.NIFTI: mime in ("application/nifti", "application/gzip"),
    }
    if not fits.get(kind, True):
        raise MediaError(f"This file is {mime}, not {_WORDS[kind]}. Upload it as what it is.")


def _sound_type(mime: str) -> str:
    return {
        "video/mp4": "audio/mp4",
        "video/quicktime": "audio/mp4",
        "video/x-matroska": "audio/webm",
        "application/ogg": "audio/ogg",
    }.get(mime, mime)
