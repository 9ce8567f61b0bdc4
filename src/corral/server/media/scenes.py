"""Recognises scene files (point clouds and robot logs) and reads how many points their headers promise."""

from __future__ import annotations

import re
import struct
from typing import Any, BinaryIO

from corral.server.media.facts import Facts, MediaError

FORMATS = {
    "application/vnd.pcd": "pcd",
    "model/ply": "ply",
    "application/vnd.las": "las",
    "model/e57": "e57",
    "application/mcap": "mcap",
    "application/x-rosbag": "bag",
    "application/vnd.sqlite3": "db3",
}


def probe_scene(file: BinaryIO, size: int, mime: str) -> Facts:
    """Facts of a scene in one file, whose type was sniffed. Raises MediaError."""
    name = FORMATS.get(mime)
    if name is None:
        raise MediaError(f"This file is {mime}; a scene is one of {', '.join(sorted({*FORMATS.values(), 'laz'}))}.")
    file.seek(0)
    points = _points(name, file.read(65536))
    extra: dict[str, Any] = {"format": name}
    if points is not None:
        extra["points"] = points
    return Facts(mime_type=mime, file_size=size, extra=extra)


def _points(name: str, head: bytes) -> int | None:
    if name == "pcd":
        found = re.search(rb"^POINTS\s+(\d{1,15})\s*$", head, re.MULTILINE)
        return int(found[1]) if found else None
    if name == "ply":
        found = re.search(rb"^element vertex (\d{1,15})\s*$", head, re.MULTILINE)
        return int(found[1]) if found else None
    if name == "las" and len(head) >= 255 and head[25] >= 4:  # LAS 1.4 counts in 64 bits at byte 247
        return int(struct.unpack_from("<Q", head, 247)[0])
    if name == "las" and len(head) >= 111:
        return int(struct.unpack_from("<I", head, 107)[0])
    return None
