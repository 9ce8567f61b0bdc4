"""Reads width and height of images from their headers, with EXIF orientation applied, and finds truncated files."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from corral.server.media.facts import Facts, MediaError
from corral.server.media.limits import MAX_PIXELS

TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/bmp",
        "image/tiff",
        "image/webp",
        "image/avif",
        "image/jp2",
    }
)
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def probe_image(file: BinaryIO, size: int, mime: str) -> Facts:
    """Facts of an image whose type was sniffed. Raises MediaError for a truncated, broken or too large one."""
    if mime == "image/jpeg":
        width, height, turned = _jpeg(file, size)
    elif mime == "image/png":
        width, height, turned = _png(file, size)
    else:
        width, height, turned = _by_pillow(file)
    if width <= 0 or height <= 0:
        raise MediaError("This image says it has no pixels.")
    if width * height > MAX_PIXELS:
        raise MediaError(f"This image has {width} x {height} pixels; at most {MAX_PIXELS:,} are accepted.")
    if turned:
        width, height = height, width
    return Facts(mime_type=mime, file_size=size, width=width, height=height)


def _jpeg(file: BinaryIO, size: int) -> tuple[int, int, bool]:
    turned, position = False, 2
    buffer, start = _read_at(file, 0, 65536), 0
    while True:
        if position + 10 > start + len(buffer):
            buffer, start = _read_at(file, position, 65536), position
        at = position - start
        if len(buffer) - at < 4 or buffer[at] != 0xFF:
            raise MediaError("This JPEG is truncated or broken: its header ends too early.")
        marker = buffer[at + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in _NO_LENGTH:
            position += 2
            continue
        length = int.from_bytes(buffer[at + 2 : at + 4], "big")
        if marker == 0xE1 and not turned:
            turned = _exif_turned(_read_at(file, position + 4, min(length, 65536)))
        if marker in _FRAMES:
            if len(buffer) - at < 9:
                raise MediaError("This JPEG is truncated: its frame header is cut off.")
            height, width = struct.unpack_from(">HH", buffer, at + 5)
            _require_jpeg_end(file, size)
            return width, height, turned
        if marker in (0xD9, 0xDA) or length < 2:
            raise MediaError("This JPEG has no frame header; the file is broken.")
        position += 2 + length


def _require_jpeg_end(file: BinaryIO, size: int) -> None:
    # Cameras append thumbnails and padding behind the end marker, so it is looked for, not expected last.
    if _read_at(file, max(0, size - 2), 2) == b"\xff\xd9":
        return
    if _read_at(file, max(0, size - 65536), 65536).rfind(b"\xff\xd9") < 0:
        raise MediaError("This JPEG is truncated: its end marker is missing. Upload the whole file.")


def _exif_turned(segment: bytes) -> bool:
    """Whether EXIF orientation (tag 0x0112 of IFD0) swaps width and height: values 5 to 8."""
    if not segment.startswith(b"Exif\x00\x00"):
        return False
    return tiff_orientation(segment[6:]) in (5, 6, 7, 8)


def tiff_orientation(data: bytes) -> int:
    """The orientation in the first directory of a TIFF structure; 1 where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 14:
        return 1
    offset = struct.unpack_from(f"{order}I", data, 4)[0]
    if offset + 2 > len(data):
        return 1
    count = struct.unpack_from(f"{order}H", data, offset)[0]
    for index in range(count):
        entry = offset + 2 + index * 12
        if entry + 12 > len(data):
            return 1
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", data, entry)
        if tag == 0x0112 and kind == 3:
            return int(value)
    return 1


def _png(file: BinaryIO, size: int) -> tuple[int, int, bool]:
    head = _read_at(file, 0, 33)
    if len(head) < 33 or head[12:16] != b"IHDR":
        raise MediaError("This PNG is truncated or broken: its header is missing.")
    width, height = struct.unpack_from(">II", head, 16)
    if b"IEND" not in _read_at(file, max(0, size - 65536), 65536):
        raise MediaError("This PNG is truncated: its end chunk is missing. Upload the whole file.")
    return width, height, _png_turned(file, size)


def _png_turned(file: BinaryIO, size: int) -> bool:
    """Look for an eXIf chunk among the chunks before the pixels."""
    position = 8
    for _ in range(64):
        head = _read_at(file, position, 8)
        if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):
            return False
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"eXIf":
            return tiff_orientation(_read_at(file, position + 8, min(length, 65536))) in (5, 6, 7, 8)
        position += 12 + length
        if position >= size:
            return False
    return False


def _by_pillow(file: BinaryIO) -> tuple[int, int, bool]:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # our own limit speaks more clearly
    file.seek(0)
    try:
        with Image.open(file) as image:
            width, height = image.size
            # Pillow turns TIFF by itself, the others not.
            turned = image.format != "TIFF" and image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            if width * height <= MAX_PIXELS // 10:
                image.load()  # the header does not tell whether all pixels are there
    except UnidentifiedImageError:
        raise MediaError("This image is truncated, broken or of a kind that cannot be read.") from None
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise MediaError(f"This image is truncated or broken: {error}.") from None
    return width, height, turned


def _read_at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position, os.SEEK_SET)
    return file.read(count)
