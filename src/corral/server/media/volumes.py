"""Reads the facts of NIfTI volumes from their header (NIfTI-1 and NIfTI-2), packed or not."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from corral.server.media.facts import Facts, MediaError

_DTYPES = {
    2: "uint8",
    4: "int16",
    8: "int32",
    16: "float32",
    32: "complex64",
    64: "float64",
    128: "rgb24",
    256: "int8",
    512: "uint16",
    768: "uint32",
    1024: "int64",
    1280: "uint64",
    2304: "rgba32",
}
_HEADER_BYTES = 540


def probe_nifti(file: BinaryIO, size: int) -> Facts:
    """Facts of a .nii or .nii.gz file; only the header is unpacked. Raises MediaError."""
    file.seek(0)
    head = file.read(65536)
    packed = head.startswith(b"\x1f\x8b")
    if packed:
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEADER_BYTES)
        except zlib.error as error:
            raise MediaError(f"This packed NIfTI file is broken: {error}.") from None
    shape, spacing, code, bits, data_start = _header(head)
    expected = data_start + bits // 8 * _product(shape)
    if not packed and size < expected:
        raise MediaError(f"This NIfTI file is truncated: {size} of {expected} bytes. Upload the whole file.")
    dimensions = [*shape, 1, 1, 1][:3]
    return Facts(
        mime_type="application/gzip" if packed else "application/nifti",
        file_size=size,
        width=dimensions[0],
        height=dimensions[1],
        frame_count=dimensions[2],
        extra={"shape": shape, "pixdim": spacing, "dtype": _DTYPES.get(code, str(code))},
    )


def _header(head: bytes) -> tuple[list[int], list[float], int, int, int]:
    for order in "<>":
        if len(head) >= 348 and struct.unpack_from(f"{order}i", head)[0] == 348:
            if head[344:347] not in (b"n+1", b"ni1"):
                break
            dims = struct.unpack_from(f"{order}8h", head, 40)
            code, bits = struct.unpack_from(f"{order}hh", head, 70)
            spacing = struct.unpack_from(f"{order}8f", head, 76)
            start = int(struct.unpack_from(f"{order}f", head, 108)[0])
            return *_dimensions(dims, spacing), code, bits, start if head[344:347] == b"n+1" else 0
        if len(head) >= 540 and struct.unpack_from(f"{order}i", head)[0] == 540:
            dims = struct.unpack_from(f"{order}8q", head, 16)
            code, bits = struct.unpack_from(f"{order}hh", head, 12)
            spacing = struct.unpack_from(f"{order}8d", head, 104)
            return *_dimensions(dims, spacing), code, bits, struct.unpack_from(f"{order}q", head, 168)[0]
    raise MediaError("This is not a NIfTI file: its header is missing or truncated.")


def _dimensions(dims: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[list[int], list[float]]:
    count = dims[0]
    if not 1 <= count <= 7 or any(size < 1 for size in dims[1 : count + 1]):
        raise MediaError("This NIfTI file is broken: its dimensions make no sense.")
    return list(dims[1 : count + 1]), [round(float(step), 6) for step in spacing[1 : count + 1]]


def _product(shape: list[int]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result
