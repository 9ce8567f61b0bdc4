"""Reads the facts of MP4 and MOV files from their index (ISO/IEC 14496-12), without decoding anything."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from corral.server.media.limits import MAX_HEADER_BYTES

_CONTAINERS = {b"trak", b"mdia", b"minf", b"stbl", b"edts"}


class NotPlainError(Exception):
    """The index is fragmented or unusual; a full reader has to look at the file."""


@dataclass
class Track:
    """What the index says of one track."""

    handler: bytes = b""
    codec: bytes = b""
    width: int = 0
    height: int = 0
    turned: bool = False
    timescale: int = 0
    duration: int = 0
    samples: int = 0
    deltas: list[tuple[int, int]] = field(default_factory=list)
    edits: list[tuple[int, int]] = field(default_factory=list)
    offsets: bool = False
    channels: int = 0
    sample_rate: int = 0
    has_composition: bool = False


@dataclass
class Movie:
    """What the index says of the file."""

    tracks: list[Track]
    end_of_media: int


def read_movie(file: BinaryIO, size: int) -> Movie:
    """Walk the index. Raises NotPlainError for what it does not understand, EOFError for a truncated file."""
    moov, media_end = b"", 0
    for kind, start, length in _top_boxes(file, size):
        if kind == b"moov":
            if length > MAX_HEADER_BYTES:
                raise NotPlainError("large index")
            file.seek(start)
            moov = file.read(length)
        elif kind == b"mdat":
            media_end = start + length
        elif kind == b"moof":
            raise NotPlainError("fragments")
    if not moov:
        raise EOFError("the index (moov) is missing")
    tracks: list[Track] = []
    for kind, body in _boxes(moov):
        if kind == b"trak":
            tracks.append(_track(body))
        elif kind == b"mvex":
            raise NotPlainError("fragments")
    return Movie(tracks, media_end)


def _top_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    position = 0
    while position + 8 <= size:
        file.seek(position, os.SEEK_SET)
        head = file.read(16)
        length, kind = struct.unpack_from(">I4s", head)
        skip = 8
        if length == 1:
            length, skip = struct.unpack_from(">Q", head, 8)[0], 16
        elif length == 0:
            length = size - position
        if length < skip:
            raise NotPlainError("odd box")
        if position + length > size:
            raise EOFError(f"a box of {length} bytes at {position} is cut off")
        yield kind, position + skip, length - skip
        position += length


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        skip = 8
        if length == 1 and position + 16 <= len(data):
            length, skip = struct.unpack_from(">Q", data, position + 8)[0], 16
        elif length == 0:
            length = len(data) - position
        if length < skip:
            return
        yield kind, data[position + skip : position + length]
        position += length


def _track(data: bytes) -> Track:
    track = Track()
    _fill(track, data)
    return track


def _fill(track: Track, data: bytes) -> None:
    for kind, body in _boxes(data):
        if kind in _CONTAINERS:
            _fill(track, body)
        elif kind in _READERS:
            try:
                _READERS[kind](track, body)
            except struct.error:
                raise NotPlainError(f"short {kind!r}") from None


def _tkhd(track: Track, body: bytes) -> None:
    at = 52 if body[0] == 1 else 40
    a, b, _, c, d = struct.unpack_from(">iiiii", body, at)
    width, height = struct.unpack_from(">II", body, at + 36)
    track.turned = a == 0 and d == 0 and b != 0 and c != 0
    track.width, track.height = width >> 16, height >> 16


def _mdhd(track: Track, body: bytes) -> None:
    if body[0] == 1:
        track.timescale, track.duration = struct.unpack_from(">IQ", body, 20)
    else:
        track.timescale, track.duration = struct.unpack_from(">II", body, 12)


def _hdlr(track: Track, body: bytes) -> None:
    if not track.handler:
        track.handler = body[8:12]


def _stsd(track: Track, body: bytes) -> None:
    if struct.unpack_from(">I", body, 4)[0] != 1:
        raise NotPlainError("several sample descriptions")
    track.codec = body[12:16]
    if track.handler == b"vide":
        track.width, track.height = struct.unpack_from(">HH", body, 8 + 32)
    elif track.handler == b"soun":
        track.channels, _, _, _, rate = struct.unpack_from(">HHHHI", body, 8 + 24)
        track.sample_rate = rate >> 16


def _stts(track: Track, body: bytes) -> None:
    count = struct.unpack_from(">I", body, 4)[0]
    track.deltas = [struct.unpack_from(">II", body, 8 + 8 * index) for index in range(count)]


def _stsz(track: Track, body: bytes) -> None:
    track.samples = struct.unpack_from(">I", body, 8)[0]


def _elst(track: Track, body: bytes) -> None:
    count = struct.unpack_from(">I", body, 4)[0]
    form, step = (">qq", 20) if body[0] == 1 else (">ii", 12)
    track.edits = [struct.unpack_from(form[0] + form[1:], body, 8 + step * index) for index in range(count)]


def _ctts(track: Track, _body: bytes) -> None:
    track.has_composition = True


_READERS = {
    b"tkhd": _tkhd,
    b"mdhd": _mdhd,
    b"hdlr": _hdlr,
    b"stsd": _stsd,
    b"stts": _stts,
    b"stsz": _stsz,
    b"elst": _elst,
    b"ctts": _ctts,
}
