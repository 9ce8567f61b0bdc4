"""Reads the facts of videos: MP4 and MOV from their index, all others by walking their packets with FFmpeg."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, BinaryIO

from corral.server.media import mp4
from corral.server.media.facts import Facts, MediaError

TYPES = frozenset(
    {
        "video/mp4",
        "video/quicktime",
        "video/x-matroska",
        "video/webm",
        "video/x-msvideo",
        "video/mpeg",
        "video/mp2t",
        "video/x-flv",
        "video/x-ms-wmv",
        "application/ogg",
    }
)
_CODECS = {
    b"avc1": "h264",
    b"avc3": "h264",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"av01": "av1",
    b"vp09": "vp9",
    b"mp4v": "mpeg4",
    b"jpeg": "mjpeg",
}
# Codecs in which every sample of the index is exactly one picture.
_ONE_PICTURE_EACH = frozenset({"h264", "hevc", "mpeg4", "mjpeg"})


def probe_mp4(file: BinaryIO, size: int, mime: str) -> Facts | None:
    """Facts of a plain MP4 or MOV, or None where only a full reader can tell. Raises MediaError when truncated."""
    try:
        movie = mp4.read_movie(file, size)
    except EOFError as error:
        raise MediaError(f"This video is truncated: {error}. Upload the whole file.") from None
    except mp4.NotPlainError:
        return None
    videos = [track for track in movie.tracks if track.handler == b"vide" and track.samples]
    if not videos:
        return None
    track = videos[0]
    codec = _CODECS.get(track.codec)
    ticks = sum(count * delta for count, delta in track.deltas)
    if codec not in _ONE_PICTURE_EACH or not ticks or not track.timescale or not _shows_all(track):
        return None
    width, height = (track.height, track.width) if track.turned else (track.width, track.height)
    return Facts(
        mime_type=mime,
        file_size=size,
        width=width,
        height=height,
        fps=_round(track.samples * track.timescale / ticks),
        duration=_round(ticks / track.timescale),
        frame_count=track.samples,
        extra={"codec": codec, "hasAudio": any(other.handler == b"soun" for other in movie.tracks)},
    )


def _shows_all(track: mp4.Track) -> bool:
    """Whether the edit list hides no pictures: none, or one edit that only undoes the reordering delay."""
    if not track.edits:
        return True
    if len(track.edits) != 1:
        return False
    first_shown = track.edits[0][1]
    return first_shown == 0 or (track.has_composition and 0 < first_shown <= 4 * max(d for _, d in track.deltas))


def probe_by_packets(file: BinaryIO, size: int, mime: str) -> Facts:
    """Facts of any video that FFmpeg reads; frames are counted by decoding. Raises MediaError."""
    import av

    file.seek(0)
    try:
        with av.open(file, mode="r") as container:
            if not container.streams.video:
                raise MediaError("This file has sound but no pictures; upload it as audio.")
            return _decoded(container, size, mime)
    except av.error.FFmpegError as error:
        raise MediaError(f"This video cannot be read: {error.strerror or error}.") from None


def _decoded(container: Any, size: int, mime: str) -> Facts:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    frames, first, last, last_duration = 0, None, None, 0
    width, height, turned = stream.width, stream.height, False
    for frame in container.decode(stream):
        frames += 1
        if frame.pts is not None:
            first = frame.pts if first is None else min(first, frame.pts)
            if last is None or frame.pts >= last:
                last, last_duration = frame.pts, frame.duration or 0
        turned = turned or abs(getattr(frame, "rotation", 0) or 0) % 180 == 90
    if not frames:
        raise MediaError("This video has no frame that can be decoded.")
    base = stream.time_base or Fraction(1, 1)
    rate = stream.average_rate or stream.guessed_rate or Fraction(frames, 1)
    seconds = float((last - first + last_duration) * base) if first is not None and last is not None else 0.0
    duration = seconds or frames / float(rate)
    if turned:
        width, height = height, width
    if mime == "video/x-matroska" and "webm" in container.format.name and stream.codec_context.name in _WEBM:
        mime = "video/webm"
    if mime == "application/ogg":
        mime = "video/ogg"
    return Facts(
        mime_type=mime,
        file_size=size,
        width=width,
        height=height,
        fps=_round(float(rate)),
        duration=_round(duration),
        frame_count=frames,
        extra={
            "codec": stream.codec_context.name,
            "pixelFormat": stream.codec_context.pix_fmt,
            "hasAudio": bool(container.streams.audio),
        },
    )


_WEBM = frozenset({"vp8", "vp9", "av1"})


def _round(value: float) -> float:
    return round(value, 6)
