"""Reads the facts of audio: WAV and FLAC from their headers, all others with FFmpeg."""

from __future__ import annotations

import struct
from typing import BinaryIO

from corral.server.media.facts import Facts, MediaError

TYPES = frozenset({"audio/wav", "audio/flac", "audio/mpeg", "audio/mp4", "application/ogg"})
_WAV_CODECS = {1: "pcm_s", 3: "pcm_f", 6: "pcm_alaw", 7: "pcm_mulaw"}
_EXTENSIBLE = 0xFFFE


def probe_wav(file: BinaryIO, size: int) -> Facts:
    """Facts of a RIFF WAVE file. Raises MediaError when it is truncated or has no samples."""
    position, form = 12, b""
    while position + 8 <= size:
        file.seek(position)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"fmt ":
            form = file.read(min(length, 64))
        elif kind == b"data":
            return _wav_facts(form, position + 8, length, size)
        position += 8 + length + (length & 1)
    raise MediaError("This WAV has no samples: its data chunk is missing.")


def _wav_facts(form: bytes, start: int, length: int, size: int) -> Facts:
    if len(form) < 16:
        raise MediaError("This WAV is broken: its format chunk is missing.")
    code, channels, rate, bytes_a_second, block, bits = struct.unpack_from("<HHIIHH", form)
    if code == _EXTENSIBLE and len(form) >= 26:
        code = struct.unpack_from("<H", form, 24)[0]
    if not channels or not rate or not block:
        raise MediaError("This WAV is broken: its format chunk names no channels or sample rate.")
    if length in (0, 0xFFFFFFFF):  # written by a recorder that was not closed
        length = size - start
    if start + length > size:
        raise MediaError(f"This WAV is truncated: {size - start} of {length} bytes of sound. Upload the whole file.")
    codec = _WAV_CODECS.get(code, f"wav_{code}")
    if code in (1, 3):
        codec = f"pcm_u{bits}" if code == 1 and bits == 8 else f"{codec}{bits}le"
    seconds = length / block / rate if code in _WAV_CODECS else length / (bytes_a_second or 1)
    return _facts("audio/wav", size, seconds, rate, bits, codec, channels)


def probe_flac(file: BinaryIO, size: int) -> Facts | None:
    """Facts of a FLAC file from STREAMINFO (RFC 9639 section 8.2); None where it leaves the length open."""
    file.seek(0)
    head = file.read(42)
    if len(head) < 42 or head[4] & 0x7F != 0:
        raise MediaError("This FLAC is truncated or broken: its stream information is missing.")
    packed = int.from_bytes(head[18:26], "big")
    rate, channels, bits = packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1
    samples = packed & (1 << 36) - 1
    if not rate or not samples:
        return None
    return _facts("audio/flac", size, samples / rate, rate, bits, "flac", channels)


def probe_by_packets(file: BinaryIO, size: int, mime: str) -> Facts:
    """Facts of any audio that FFmpeg reads; the duration is that of the decoded samples. Raises MediaError.

    Lossy codecs have no bit depth of their own; theirs is that of the samples they are played as, 16.
    """
    import av

    file.seek(0)
    try:
        with av.open(file, mode="r") as container:
            if not container.streams.audio:
                raise MediaError("This file has no sound.")
            stream = container.streams.audio[0]
            samples = sum(frame.samples for frame in container.decode(stream))
            context = stream.codec_context
            if not samples or not context.sample_rate:
                raise MediaError("This file has no sound that can be decoded.")
            lossless = context.name.startswith(("pcm_", "flac", "alac"))
            bits = (stream.codec_context.format.bytes * 8) if lossless and stream.codec_context.format else 16
            seconds = samples / context.sample_rate
            return _facts(mime, size, seconds, context.sample_rate, bits, context.name, context.channels)
    except av.error.FFmpegError as error:
        raise MediaError(f"This audio cannot be read: {error.strerror or error}.") from None


def _facts(mime: str, size: int, seconds: float, rate: int, bits: int, codec: str, channels: int) -> Facts:
    return Facts(
        mime_type=mime,
        file_size=size,
        duration=round(seconds, 6),
        audio_sample_rate=rate,
        audio_bit_depth=bits,
        audio_codec=codec,
        audio_num_channels=channels,
    )
