"""Image sequences: images encoded as a video with one frame an image, the images kept."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import httpx
import numpy
import pytest
from PIL import Image

from tests import real_media
from tests.compat import clients


def turned_copy(photo: Path, place: Path, degrees: int) -> Path:
    """The photo rotated, as a PNG."""
    with Image.open(photo) as image:
        image.rotate(degrees, expand=True).save(place)
    return place


def pictures(content: bytes, place: Path) -> list[Any]:
    """The decoded frames of a video."""
    place.write_bytes(content)
    with av.open(place) as container:
        return [frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(video=0)]


def test_images_become_a_video_by_default(mirror: Any, client: Any, names: SimpleNamespace, tmp_path: Path) -> None:
    photos = [*real_media.photos(), turned_copy(real_media.photos()[0], tmp_path / "upside down.png", 180)]
    made = mirror.create_image_group([str(photo) for photo in photos], title="walk")
    assert len(made) == 1
    mirror.refetch_data()
    (row,) = mirror.data_rows
    assert (row.uid, row.title, row.data_type) == (clients.data_hash(made[0]), "walk", names.DataType.IMG_GROUP)
    assert row.is_image_sequence is True
    assert (row.width, row.height, row.file_type) == (640, 427, "video/mp4")
    row.refetch_data(signed_url=True, images_data_fetch_options=names.ImagesDataFetchOptions(fetch_signed_urls=True))
    assert [httpx.get(image.signed_url).content for image in row.images_data] == [p.read_bytes() for p in photos]
    frames = pictures(httpx.get(row.signed_url).content, tmp_path / "sequence.mp4")
    assert [frame.shape for frame in frames] == [(428, 640, 3)] * 3
    for photo, frame in zip(photos, frames, strict=True):
        with Image.open(photo) as image:
            given = numpy.asarray(image.convert("RGB"), dtype=float)
        assert numpy.abs(frame[:427] - given).mean() < 6
    item = client.get_storage_item(row.backing_item_uuid)
    assert (item.item_type, item.frame_count) == (names.ItemType.IMAGE_SEQUENCE, 3)
    assert [child.name for child in item.get_child_items()] == [photo.name for photo in photos]


def test_images_of_two_sizes_become_two_sequences(mirror: Any, tmp_path: Path) -> None:
    photo = real_media.photos()[0]
    paths = [photo, turned_copy(photo, tmp_path / "upright.png", 90), real_media.photos()[1]]
    made = mirror.create_image_group([str(path) for path in paths], title="mixed")
    mirror.refetch_data()
    rows = {row.uid: row for row in mirror.data_rows}
    first, second = (rows[clients.data_hash(one)] for one in made)
    assert (first.title, first.width, first.height) == ("mixed", 640, 427)
    assert (second.title, second.width, second.height) == ("mixed (427 x 640)", 427, 640)


def test_sequence_in_a_folder(client: Any, folder: Any, names: SimpleNamespace) -> None:
    made = folder.create_image_sequence([str(photo) for photo in real_media.photos()], title="seq")
    item = client.get_storage_item(made, sign_url=True)
    assert (item.item_type, item.fps, item.duration) == (names.ItemType.IMAGE_SEQUENCE, 5, pytest.approx(0.4))
    assert httpx.get(item.get_signed_url(), headers={"Range": "bytes=4-7"}).content == b"ftyp"
    assert folder.get_summary().image_sequences == 1
    folder.delete_storage_items([made])
    assert list(folder.list_items()) == []


def test_a_broken_image_fails_the_sequence(folder: Any, names: SimpleNamespace, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    with pytest.raises(Exception, match=r"broken\.png"):
        folder.create_image_sequence([str(real_media.photos()[0]), str(broken)], title="seq")
    assert list(folder.list_items()) == []
