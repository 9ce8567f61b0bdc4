"""Registering objects of an integration: both doors, both shapes, every kind of unit, both SDKs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests import real_media
from tests.servers import Server


def fill(bucket: SimpleNamespace) -> dict[str, list[str]]:
    """Real media in the bucket; returns the URLs by kind."""
    text, table = bucket.root / "note.txt", bucket.root / "t.csv"
    text.write_text("Grüße")
    table.write_text("time,a\n1,2\n2,3\n")
    sources = {
        "images": real_media.photos(),
        "videos": [next(path for path in real_media.videos() if "bunny" in path.name)],
        "audio": [real_media.make_wav(bucket.root / "tone.wav")],
        "dicom": real_media.ct_series(),
        "nifti": [real_media.nifti()],
        "text": [text],
        "time": [table],
    }
    urls = {}
    for kind, paths in sources.items():
        (bucket.root / kind).mkdir()
        for path in paths:
            shutil.copy(path, bucket.root / kind / path.name)
        urls[kind] = [bucket.url(f"{kind}/{path.name}") for path in paths]
    return urls


def test_the_integration_is_listed(client: Any, bucket: SimpleNamespace, names: SimpleNamespace) -> None:
    (found,) = client.get_cloud_integrations(filter_integration_titles=[bucket.title])
    assert (str(found.id), found.title) == (bucket.id, bucket.title)
    assert client.get_cloud_integrations(filter_integration_titles=["no such"]) == []


def test_every_kind_into_a_dataset(mirror: Any, client: Any, bucket: SimpleNamespace, names: SimpleNamespace) -> None:
    urls = fill(bucket)
    series = {f"objectUrl_{number}": url for number, url in enumerate(urls["dicom"])}
    group = {f"objectUrl_{number}": url for number, url in enumerate(urls["images"])}
    job = mirror.add_private_data_to_dataset_start(
        bucket.id,
        {
            "images": [{"objectUrl": urls["images"][0], "clientMetadata": {"split": "train"}}],
            "videos": [{"objectUrl": urls["videos"][0], "title": "bunny"}],
            "audio": [{"objectUrl": urls["audio"][0]}],
            "image_groups": [{"title": "pair", **group}, {"title": "walk", "createVideo": True, **group}],
            "dicom_series": [{"title": "ct", **series}],
            "nifti": [{"objectUrl": urls["nifti"][0]}],
            "text": [{"objectUrl": urls["text"][0]}],
            "time_series": [{"objectUrl": urls["time"][0]}],
        },
    )
    result = mirror.add_private_data_to_dataset_get_result(job)
    assert result.status.name == "DONE", result.errors
    assert (result.units_done_count, result.units_error_count, result.units_pending_count) == (9, 0, 0)
    rows = {row.title: row for row in mirror.list_data_rows()}
    assert len(rows) == 9
    photo = next(row for title, row in rows.items() if title.endswith("images/" + real_media.photos()[0].name))
    assert (photo.width, photo.height, photo.file_link) == (640, 427, urls["images"][0])
    assert photo.file_size == real_media.photos()[0].stat().st_size
    assert rows["bunny"].duration == pytest.approx(5.28, abs=0.01)
    assert rows["pair"].is_image_sequence is False
    assert rows["walk"].is_image_sequence is True
    assert (rows["ct"].data_type, rows["ct"].width) == (names.DataType.DICOM, 16)
    photo.refetch_data(signed_url=True)
    assert httpx.get(photo.signed_url).content == real_media.photos()[0].read_bytes()
    part = httpx.get(photo.signed_url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, real_media.photos()[0].read_bytes()[10:20])
    item = client.get_storage_item(photo.backing_item_uuid)
    assert (item.url, item.client_metadata) == (urls["images"][0], {"split": "train"})
    assert item.storage_location.value == "s3Compatible"


def test_skipping_what_is_there(folder: Any, bucket: SimpleNamespace, names: SimpleNamespace) -> None:
    urls = fill(bucket)
    group = {f"objectUrl_{number}": url for number, url in enumerate(urls["images"])}
    files = {
        "images": [{"objectUrl": url} for url in [*urls["images"], urls["images"][0]]],
        "image_groups": [{"title": "pair", **group}],
        "skip_duplicate_urls": True,
    }

    def run(**more: Any) -> Any:
        job = folder.add_private_data_to_folder_start(bucket.id, {**files, **more})
        return folder.add_private_data_to_folder_get_result(job)

    first = run()
    assert (first.status.name, first.units_done_count, len(first.items_with_names)) == ("DONE", 4, 3)
    if names.sdk == "corral":
        assert [made.url for made in first.items_with_names] == [*urls["images"], None]
    again = run()
    assert (again.status.name, again.units_done_count, len(again.items_with_names)) == ("DONE", 4, 0)
    changed = [{"objectUrl": urls["images"][0], "clientMetadata": {"seen": 2}}]
    assert run(images=changed, upsert_metadata=True).items_with_names == []
    found = [item for item in folder.list_items() if item.url == urls["images"][0] and item.client_metadata]
    assert [item.client_metadata for item in found] == [{"seen": 2}]
    without = run(skip_duplicate_urls=False)
    assert len(without.items_with_names) == 4


def test_exactly_the_broken_files_are_named(folder: Any, bucket: SimpleNamespace) -> None:
    fill(bucket)
    (bucket.root / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    (bucket.root / "empty.jpg").write_bytes(b"")
    bad = [bucket.url("broken.jpg"), bucket.url("empty.jpg"), bucket.url("gone.jpg"), "s3://elsewhere/a.jpg",
           "file:///etc/passwd", bucket.url("images") + "/../../x.jpg"]  # fmt: skip
    good = [bucket.url(f"images/{path.name}") for path in real_media.photos()]
    files = {"images": [{"objectUrl": url} for url in [*bad, *good]]}
    sunk = folder.add_private_data_to_folder_get_result(folder.add_private_data_to_folder_start(bucket.id, files))
    assert (sunk.status.name, sunk.units_error_count, sunk.units_cancelled_count) == ("ERROR", 6, 2)
    assert list(folder.list_items()) == []
    kept = folder.add_private_data_to_folder_get_result(
        folder.add_private_data_to_folder_start(bucket.id, files, ignore_errors=True)
    )
    assert (kept.status.name, kept.units_done_count, kept.units_error_count) == ("DONE", 2, 6)
    assert sorted(url for error in kept.unit_errors for url in error.object_urls) == sorted(bad)
    reasons = {error.object_urls[0]: error.error for error in kept.unit_errors}
    assert "empty" in reasons[bucket.url("empty.jpg")]
    assert "no file" in reasons[bucket.url("gone.jpg")]
    assert sorted(item.url for item in folder.list_items()) == sorted(good)


def test_a_job_from_a_file(folder: Any, bucket: SimpleNamespace, tmp_path: Path) -> None:
    urls = fill(bucket)
    listing = tmp_path / "import.json"
    listing.write_text(json.dumps({"images": [{"objectUrl": url} for url in urls["images"]]}))
    job = folder.add_private_data_to_folder_start(bucket.id, str(listing))
    assert len(folder.add_private_data_to_folder_get_result(job).items_with_names) == 2


def test_groups_of_existing_items(client: Any, folder: Any, names: SimpleNamespace) -> None:
    if names.sdk == "vendor":
        from encord.orm.storage import DataUploadImageGroupFromItems, DataUploadItems

        items = [folder.upload_image(str(photo)) for photo in real_media.photos()]
        group = DataUploadImageGroupFromItems(image_items=items, title="pair", create_video=False)
        job = folder.add_private_data_to_folder_start(None, DataUploadItems(image_groups_from_items=[group]))
    else:
        items = [folder.upload_image(str(photo)) for photo in real_media.photos()]
        files = {"imageGroupsFromItems": [{"imageItems": [str(one) for one in items], "title": "pair"}]}
        job = folder.add_private_data_to_folder_start(None, files)
    (made,) = folder.add_private_data_to_folder_get_result(job).items_with_names
    assert [child.uuid for child in client.get_storage_item(made.item_uuid).get_child_items()] == items
    assert len(list(folder.list_items())) == 3


def move(client: Any, names: SimpleNamespace, what: Any, **more: Any) -> None:
    """The same call in both SDKs."""
    if names.sdk == "vendor":
        from encord.utilities.storage.cloud_data_migration import update_storage_item_cloud_info

        update_storage_item_cloud_info(client, what, **more)
        return
    target = {what if isinstance(what, str) else what.uuid: more.pop("new_url", None)}
    renamed = {"new_cloud_integration": "to_integration", "from_cloud_integration": "from_integration"}
    options = {renamed.get(name, name): value for name, value in more.items()}
    client.migrate_storage(**{"urls" if isinstance(what, str) else "items": target}, **options)


def test_items_follow_a_moved_bucket(
    client: Any, folder: Any, bucket: SimpleNamespace, server: Server, tmp_path: Path, names: SimpleNamespace
) -> None:
    urls = fill(bucket)
    job = folder.add_private_data_to_folder_start(bucket.id, {"images": [{"objectUrl": url} for url in urls["images"]]})
    folder.add_private_data_to_folder_get_result(job)
    first, second = sorted(folder.list_items(), key=lambda item: item.url)
    shutil.copytree(bucket.root, tmp_path / "moved")
    added = server.cli("integration", "add", "local", "--title", "m", "--root", str(tmp_path / "moved"), "--quiet")
    there = added.strip()
    new = first.url.replace(bucket.root.as_uri(), (tmp_path / "moved").as_uri())
    move(client, names, first, new_url=new, new_cloud_integration=there)
    move(client, names, second.url, new_url=second.url.replace("a%20bucket", "moved"), new_cloud_integration=there)
    shutil.rmtree(bucket.root)
    for item in (first, second):
        moved = client.get_storage_item(item.uuid, sign_url=True)
        assert moved.url == item.url.replace("a%20bucket", "moved")
        assert httpx.get(moved.get_signed_url()).status_code == 200
    with pytest.raises(names.InvalidArgumentsError):
        move(client, names, first, new_url=new + ".gone")
    with pytest.raises(names.InvalidArgumentsError):
        move(client, names, first, new_url=new, from_cloud_integration=bucket.id)
    with pytest.raises(names.AuthorisationError):
        move(client, names, "file:///never/was", new_url=new)
    move(client, names, "file:///never/was", new_url=new, skip_missing=True)
    move(client, names, first, new_url=new + ".gone", verify_access=False)
    assert client.get_storage_item(first.uuid).url == new + ".gone"


def test_a_stranger_cannot_use_the_integration(other: SimpleNamespace, bucket: SimpleNamespace,
                                               names: SimpleNamespace) -> None:  # fmt: skip
    mine = other.client.create_storage_folder("mine")
    assert other.client.get_cloud_integrations() == []
    with pytest.raises(names.AuthorisationError):
        mine.add_private_data_to_folder_start(bucket.id, {"images": [{"objectUrl": bucket.url("a.jpg")}]})


def test_supplied_metadata_is_trusted_and_client_only_never_reads(
    server: Server, bucket: SimpleNamespace, folder: Any
) -> None:
    only = server.cli(
        "integration", "add", "local", "--title", "only", "--root", str(bucket.root), "--client-only", "--quiet"
    ).strip()
    facts = {"mimeType": "image/jpeg", "fileSize": 5, "width": 7, "height": 9}
    files = {
        "images": [
            {"objectUrl": bucket.url("not there.jpg"), "imageMetadata": facts},
            {"objectUrl": bucket.url("nor this.jpg")},
        ]
    }
    job = folder.add_private_data_to_folder_start(only, files, ignore_errors=True)
    result = folder.add_private_data_to_folder_get_result(job)
    assert (result.units_done_count, result.units_error_count) == (1, 1)
    assert "client-only" in result.unit_errors[0].error
    (item,) = folder.list_items()
    assert (item.width, item.height, item.file_size, item.mime_type) == (7, 9, 5, "image/jpeg")


def test_roots_are_the_administrators(server: Server, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        server.cli("integration", "add", "local", "--title", "all", "--root", "/etc", "--quiet")
    assert "CORRAL_LOCAL_ROOTS" in caught.value.stderr
