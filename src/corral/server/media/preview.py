"""Makes small pictures of media: a thumbnail, a poster frame, a slice, a first page, a waveform."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from corral.server.media.facts import MediaError
from corral.server.media.limits import MAX_PREVIEW_PIXELS
from corral.vocabulary import StorageItemType

if TYPE_CHECKING:
    from PIL.Image import Image


def preview(path: str, kind: StorageItemType, max_pixels: int = 256) -> tuple[bytes, str]:
    """A picture of at most `max_pixels` on its longer side, and its MIME type. Raises MediaError."""
    makers: dict[StorageItemType, Callable[[str, int], Image]] = {
        StorageItemType.IMAGE: _of_image,
        StorageItemType.VIDEO: _of_video,
        StorageItemType.IMAGE_SEQUENCE: _of_video,
        StorageItemType.DICOM_FILE: _of_dicom,
        StorageItemType.PDF: _of_pdf,
        StorageItemType.AUDIO: _of_audio,
        StorageItemType.NIFTI: _of_nifti,
    }
    if kind not in makers:
        raise MediaError(f"There is no preview of {kind.value}.")
    try:
        picture = makers[kind](path, max_pixels)
    except MediaError:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise MediaError(f"No preview could be made: {error}.") from error
    picture.thumbnail((max_pixels, max_pixels))
    lossless = kind is StorageItemType.AUDIO or picture.mode in ("RGBA", "LA", "P")
    target = io.BytesIO()
    if lossless:
        picture.save(target, "PNG", optimize=False)
        return target.getvalue(), "image/png"
    picture.convert("RGB").save(target, "JPEG", quality=82)
    return target.getvalue(), "image/jpeg"


def _of_image(path: str, max_pixels: int) -> Image:
    from PIL import Image as pillow
    from PIL import ImageOps

    pillow.MAX_IMAGE_PIXELS = None
    with pillow.open(path) as image:
        if image.width * image.height > MAX_PREVIEW_PIXELS:
            raise MediaError("This image is too large for a preview.")
        image.draft("RGB", (max_pixels, max_pixels))  # lets the JPEG decoder shrink while it decodes
        image.load()
        if image.mode.startswith(("I", "F")):
            return _from_values(_as_array(image))
        return ImageOps.exif_transpose(image)


def _of_video(path: str, _max_pixels: int) -> Image:
    import av

    with av.open(path) as container:
        for frame in container.decode(container.streams.video[0]):
            picture: Image = frame.to_image()
            rotation = getattr(frame, "rotation", 0) or 0
            return picture.rotate(rotation, expand=True) if rotation else picture
    raise MediaError("This video has no frame that can be decoded.")


def _of_dicom(path: str, _max_pixels: int) -> Image:
    import pydicom
    from pydicom.pixels import apply_modality_lut, apply_voi_lut, pixel_array

    dataset = pydicom.dcmread(path, force=True)
    values: Any = pixel_array(dataset, index=_middle(int(dataset.get("NumberOfFrames") or 1)))
    if values.ndim == 3:
        from PIL import Image as pillow

        return pillow.fromarray(values.astype("uint8"))
    values = apply_voi_lut(apply_modality_lut(values, dataset), dataset)
    return _from_values(values, inverted=dataset.get("PhotometricInterpretation") == "MONOCHROME1")


def _middle(count: int) -> int | None:
    return count // 2 if count > 1 else None


def _of_pdf(path: str, max_pixels: int) -> Image:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        page = document[0]
        scale = max_pixels / max(page.get_width(), page.get_height(), 1.0)
        picture: Image = page.render(scale=min(scale, 8.0)).to_pil()
        return picture.convert("RGB")
    finally:
        document.close()


def _of_nifti(path: str, _max_pixels: int) -> Image:
    import numpy

    from corral.server.media.limits import CHILD_MEMORY_BYTES

    volume: Any = _named_nifti(path)
    shape = volume.shape
    if numpy.prod(shape[:2]) > MAX_PREVIEW_PIXELS or numpy.prod(shape) * 8 > CHILD_MEMORY_BYTES:
        raise MediaError("This volume is too large for a preview.")
    index = tuple(size // 2 for size in shape[2:])
    return _from_values(numpy.rot90(numpy.asarray(volume.dataobj[(slice(None), slice(None), *index)])))


def _named_nifti(path: str) -> Any:
    """nibabel goes by the file's ending, which keys in a store do not have."""
    import gzip

    import nibabel
    from nibabel.fileholders import FileHolder

    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opened: Any = gzip.open(path, "rb") if packed else open(path, "rb")
    is_second_version = opened.read(4) in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c")
    opened.seek(0)
    image_class = nibabel.Nifti2Image if is_second_version else nibabel.Nifti1Image
    holder = FileHolder(fileobj=opened)
    return image_class.from_file_map({"header": holder, "image": holder})


def _of_audio(path: str, max_pixels: int) -> Image:
    import av
    import numpy
    from PIL import Image as pillow
    from PIL import ImageDraw

    peaks: list[float] = []
    with av.open(path) as container:
        for frame in container.decode(container.streams.audio[0]):
            samples = frame.to_ndarray().astype("float64")
            peaks.append(float(numpy.abs(samples).max()) if samples.size else 0.0)
    if not peaks:
        raise MediaError("This file has no sound that can be decoded.")
    width, height = max_pixels, max_pixels // 2
    columns = [max(part) if len(part) else 0.0 for part in numpy.array_split(numpy.asarray(peaks), width)]
    loudest = max(columns) or 1.0
    picture = pillow.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    for x, peak in enumerate(columns):
        reach = max(1, round(peak / loudest * (height / 2 - 2)))
        draw.line((x, height // 2 - reach, x, height // 2 + reach), fill=(46, 94, 170))
    return picture


def _as_array(image: Image) -> Any:
    import numpy

    return numpy.asarray(image)


def _from_values(values: Any, *, inverted: bool = False) -> Image:
    """Grey levels from numbers of any range, stretched from darkest to brightest."""
    import numpy
    from PIL import Image as pillow

    numbers = numpy.nan_to_num(numpy.asarray(values, dtype="float64"))
    low, high = float(numbers.min()), float(numbers.max())
    scaled = (numbers - low) * (255.0 / (high - low or 1.0))
    levels = (255 - scaled if inverted else scaled).astype("uint8")
    return pillow.fromarray(levels)
