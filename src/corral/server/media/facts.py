"""The facts that Corral keeps of a media file, and the error for a file that has none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from corral.errors import InvalidArgumentsError


class MediaError(InvalidArgumentsError):
    """This file cannot be read as what it is said to be."""


@dataclass(slots=True)
class Facts:
    """What was read from a file: sizes in bytes and pixels, durations in seconds; None where it does not apply.

    `width` and `height` are as shown: EXIF orientation and display rotation are applied. `frame_count` counts
    decodable frames of a video, slices of a DICOM file or volume. `etag` is what the storage said of the
    bytes, `extra` holds facts of one kind only.
    """

    mime_type: str
    file_size: int
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    duration: float | None = None
    frame_count: int | None = None
    page_count: int | None = None
    audio_sample_rate: int | None = None
    audio_bit_depth: int | None = None
    audio_codec: str | None = None
    audio_num_channels: int | None = None
    dicom_instance_uid: str | None = None
    dicom_study_uid: str | None = None
    dicom_series_uid: str | None = None
    etag: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """JSON text that `from_json` reads back."""
        return orjson.dumps(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """Read `to_json`'s text."""
        return cls(**orjson.loads(text))
