"""Every kind of media goes in by both routes and comes back with right facts and identical bytes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from tests import real_media
from tests.compat import clients


def row_of(dataset: Any, data_hash: str) -> Any:
    dataset.refetch_data()
    return next(row for row in dataset.data_rows if row.uid == data_hash)


def test_image_through_a_mirror(mirror: Any) -> None:
    photo = real_media.photos()[0]
    row = row_of(mirror, clients.data_hash(mirror.upload_image(str(photo), title="a photo")))
    with Image.open(photo) as image:
        assert (row.width, row.height) == image.size
    assert (row.title, row.file_type, row.file_size) == ("a photo", "image/jpeg", photo.stat().st_size)
    assert row.signed_url is None
    row.refetch_data(signed_url=True)
    assert httpx.get(row.signed_url).content == photo.read_bytes()


def test_video_and_ranges(mirror: Any) -> None:
    video = next(path for path in real_media.videos() if "bunny" in path.name)
    row = row_of(mirror, clients.data_hash(mirror.upload_video(str(video))))
    assert (row.title, row.width, row.height, row.frames_per_second) == (video.name, 1280, 720, 25)
    assert row.duration == pytest.approx(5.28, abs=0.01)
    row.refetch_data(signed_url=True)
    content = video.read_bytes()
    part = httpx.get(row.signed_url, headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206
    assert part.content == content[1000:2000]
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(content)}"
    assert httpx.get(row.signed_url, headers={"Range": "bytes=-10"}).content == content[-10:]


def test_image_group(mirror: Any, names: SimpleNamespace) -> None:
    photos = real_media.photos()
    made = mirror.create_image_group([str(photo) for photo in photos], title="group", create_video=False)
    row = row_of(mirror, clients.data_hash(made[0]))
    assert (row.data_type, row.is_image_sequence, row.width, row.height) == (
        names.DataType.IMG_GROUP,
        False,
        None,
        None,
    )
    assert row.images_data is None
    row.refetch_data(images_data_fetch_options=names.ImagesDataFetchOptions(fetch_signed_urls=True))
    assert [image.title for image in row.images_data] == [photo.name for photo in photos]
    assert [httpx.get(image.signed_url).content for image in row.images_data] == [p.read_bytes() for p in photos]


def test_dicom_series(mirror: Any, client: Any, names: SimpleNamespace) -> None:
    files = real_media.ct_series()
    row = row_of(mirror, clients.data_hash(mirror.create_dicom_series([str(path) for path in files], title="ct")))
    assert (row.data_type, row.file_link, row.width, row.height) == (names.DataType.DICOM, None, 16, 16)
    series = client.get_storage_item(row.backing_item_uuid)
    assert series.item_type == names.ItemType.DICOM_SERIES
    parts = list(series.get_child_items(get_signed_urls=True))
    assert len(parts) == series.frame_count == 5
    assert {part.dicom_series_uid for part in parts} == {series.dicom_series_uid}
    contents = {httpx.get(part.get_signed_url()).content for part in parts}
    assert contents == {path.read_bytes() for path in files}


def test_everything_into_a_folder(client: Any, folder: Any, names: SimpleNamespace, tmp_path: Path) -> None:
    text = tmp_path / "note.txt"
    text.write_text("Grüße")
    table = tmp_path / "t.csv"
    table.write_text("time,a,b\n1,2,3\n2,3,4\n")
    photos = [str(photo) for photo in real_media.photos()]
    made = {
        "image": folder.upload_image(photos[0], client_metadata={"split": "train"}),
        "video": folder.upload_video(str(real_media.make_video(tmp_path / "v.mp4", frames=31))),
        "audio": folder.upload_audio(str(real_media.make_wav(tmp_path / "s.wav"))),
        "pdf": folder.upload_pdf(str(real_media.make_pdf(tmp_path / "d.pdf"))),
        "plainText": folder.upload_text(str(text)),
        "timeseries": folder.upload_time_series(str(table)),
        "nifti": folder.upload_nifti(str(real_media.nifti())),
        "imageGroup": folder.create_image_group(photos, title="g"),
        "dicomSeries": folder.create_dicom_series([str(path) for path in real_media.mr_series()]),
    }
    if hasattr(folder, "upload_scene_file"):  # newer than 0.1.200
        made["scene"] = folder.upload_scene_file(str(real_media.make_pcd(tmp_path / "c.pcd")))
    items = {kind: client.get_storage_item(uuid) for kind, uuid in made.items()}
    assert {kind: str(getattr(item.item_type, "value", item.item_type)) for kind, item in items.items()} == {
        kind: kind for kind in made
    }
    assert items["image"].client_metadata == {"split": "train"}
    assert (items["video"].frame_count, items["video"].fps) == (31, 15)
    audio = items["audio"]
    assert (audio.audio_sample_rate, audio.audio_num_channels, audio.audio_bit_depth) == (22050, 2, 16)
    assert audio.duration == pytest.approx(1.5)
    assert items["nifti"].mime_type == "application/nifti"
    assert items["dicomSeries"].frame_count == 7
    assert items["plainText"].file_size == len("Grüße".encode())
    summary = folder.get_summary()
    assert (summary.images, summary.videos, summary.dicom_series, summary.dicom_files) == (3, 1, 1, 7)


def test_not_a_mirror_needs_a_folder(plain: Any, folder: Any, names: SimpleNamespace) -> None:
    photo = str(real_media.photos()[0])
    with pytest.raises(names.InvalidArgumentsError):
        plain.upload_image(photo)
    uploaded = plain.upload_image(photo, folder=folder.uuid)
    assert row_of(plain, clients.data_hash(uploaded)).file_type == "image/jpeg"
    assert [item.name for item in folder.list_items()] == [Path(photo).name]


def test_a_mirror_takes_no_folder(mirror: Any, folder: Any, names: SimpleNamespace) -> None:
    with pytest.raises(names.InvalidArgumentsError):
        mirror.upload_image(str(real_media.photos()[0]), folder=folder.uuid)


@pytest.mark.parametrize("broken", ["truncated", "mislabelled", "empty"])
def test_broken_media_is_refused_and_leaves_nothing(
    mirror: Any, names: SimpleNamespace, tmp_path: Path, broken: str
) -> None:
    content = real_media.photos()[0].read_bytes()
    path = tmp_path / "broken.jpg"
    path.write_bytes({"truncated": content[:5000], "mislabelled": b"%PDF-1.4 no image", "empty": b""}[broken])
    with pytest.raises(names.JobError, match=r"truncated|not an image|empty"):
        mirror.upload_image(str(path))
    mirror.refetch_data()
    assert list(mirror.data_rows) == []


def test_mixed_series_are_refused(folder: Any, names: SimpleNamespace) -> None:
    files = [real_media.ct_series()[0], real_media.mr_series()[0]]
    with pytest.raises(names.JobError, match="2 DICOM series"):
        folder.create_dicom_series([str(path) for path in files])
    assert list(folder.list_items()) == []


def test_a_large_series_goes_through_the_ledger(folder: Any, client: Any, tmp_path: Path) -> None:
    """More files than are read while the request waits: the job runs in the background and is polled."""
    paths = []
    for number in range(40):
        paths.append(str(tmp_path / f"{number:03}.png"))
        Image.new("RGB", (20 + number, 10), (number, 0, 0)).save(paths[-1])
    group = client.get_storage_item(folder.create_image_group(paths, title="forty"))
    assert group.frame_count == 40
    assert [child.width for child in group.get_child_items()] == [20 + number for number in range(40)]
