"""Encodes images as one H.264 video with one frame an image, and checks that none was lost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from corral.server.media.facts import MediaError
from corral.server.media.limits import MAX_FRAME_PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image

FRAMES_PER_SECOND = 5
# A key picture every second: annotators jump about in a sequence.
_GROUP_OF_PICTURES = FRAMES_PER_SECOND


def encode_sequence(paths: Sequence[str], target: str, width: int, height: int) -> None:
    """Write the images, all of `width` x `height` pixels as shown, to an MP4 file that browsers play.

    4:2:0 chroma needs even sides: odd ones are padded by one pixel that repeats the edge. Raises MediaError.
    """
    import av

    if width * height > MAX_FRAME_PIXELS:
        raise MediaError(f"A sequence holds pictures of at most {MAX_FRAME_PIXELS:,} pixels; these have more.")
    with av.open(target, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "preset": "veryfast", "bf": "0", "g": str(_GROUP_OF_PICTURES)}
        stream.codec_context.time_base = Fraction(1, FRAMES_PER_SECOND)
        for number, path in enumerate(paths):
            frame = av.VideoFrame.from_image(_picture(path, width, height))
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _require_frames(target, len(paths))


def _picture(path: str, width: int, height: int) -> Image:
    from PIL import Image as pillow
    from PIL import ImageOps

    pillow.MAX_IMAGE_PIXELS = None
    with pillow.open(path) as opened:
        picture: Image = ImageOps.exif_transpose(opened)
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            layered = picture.convert("RGBA")
            picture = pillow.new("RGBA", layered.size, "white")
            picture.alpha_composite(layered)
        picture = picture.convert("RGB")
    if picture.size != (width, height):
        raise MediaError(f"An image is {picture.width} x {picture.height} instead of {width} x {height}.")
    even = (width + width % 2, height + height % 2)
    if even == picture.size:
        return picture
    padded = pillow.new("RGB", even)
    padded.paste(picture, (even[0] - width, even[1] - height))  # its last row and column stay visible at the edge
    padded.paste(picture, (0, 0))
    return padded


def _require_frames(target: str, expected: int) -> None:
    import av

    with av.open(target) as container:
        stream = container.streams.video[0]
        found = sum(1 for _ in container.decode(stream))
    if found != expected:
        raise MediaError(f"The encoded sequence has {found} frames instead of {expected}.")
