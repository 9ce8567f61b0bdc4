"""Folders that are kept in step with a bucket: what is new, changed, gone and back."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from tests import real_media
from tests.compat import clients


def synced_folder(client: Any, names: SimpleNamespace, integration: str, url: str) -> Any:
    if names.sdk == "vendor":
        from encord.orm.storage import CloudSyncedFolderParams
    else:
        from corral.records.storage import CloudSyncedFolderParams
    params = CloudSyncedFolderParams(integration_uuid=integration, remote_url=url)
    return client.create_storage_folder("in step", cloud_synced_folder_params=params)


def sync(folder: Any) -> Any:
    job = folder.sync_private_data_with_cloud_synced_folder_start()
    return folder.sync_private_data_with_cloud_synced_folder_get_result(job, timeout_seconds=60)


def shown(folder: Any, bucket: SimpleNamespace) -> dict[str, bool]:
    """The items by their path in the bucket, and whether their object is gone."""
    start = len(bucket.root.as_uri()) + 1
    return {item.url[start:]: is_gone(item) for item in folder.list_items()}


def is_gone(item: Any) -> bool:
    """The vendor's item keeps this to itself."""
    record = item._orm_item if hasattr(item, "_orm_item") else item
    return bool(record.is_tombstone)


def test_a_folder_follows_its_bucket(client: Any, bucket: SimpleNamespace, names: SimpleNamespace) -> None:
    photo = real_media.photos()[0]
    for name in ("one.jpg", "deep/two.JPG", "b c.jpg", "notes.txt", "thumbs.db"):
        path = bucket.root / name
        path.parent.mkdir(exist_ok=True)
        if name.lower().endswith("jpg"):
            shutil.copy(photo, path)
        else:
            path.write_text("words")
    folder = synced_folder(client, names, bucket.id, bucket.root.as_uri() + "/")
    if hasattr(folder, "folder_type"):  # older versions of the vendor's SDK do not show it
        assert folder.folder_type.value == "cloudLinked"
    first = sync(folder)
    assert first.status.value == "done"
    assert (first.scan_pages_processing_done, first.scan_pages_processing_pending) == (1, 0)
    assert (first.upload_jobs_units_done, first.upload_jobs_units_error, first.upload_jobs_pending) == (4, 0, 0)
    everything = {"one.jpg": False, "deep/two.JPG": False, "b%20c.jpg": False, "notes.txt": False}
    assert shown(folder, bucket) == everything
    again = sync(folder)
    assert (again.status.value, again.upload_jobs_done, again.upload_jobs_units_done) == ("done", 0, 0)

    ids = {item.url: item.uuid for item in folder.list_items()}
    (bucket.root / "deep" / "two.JPG").unlink()
    with Image.open(photo) as image:
        image.resize((33, 22)).save(bucket.root / "one.jpg")
    (bucket.root / "bad.png").write_bytes(b"no picture")
    second = sync(folder)
    assert (second.upload_jobs_units_done, second.upload_jobs_units_error) == (1, 1)
    assert shown(folder, bucket) == {**everything, "deep/two.JPG": True}
    changed = client.get_storage_item(ids[bucket.url("one.jpg")], sign_url=True)
    assert (changed.width, changed.height) == (33, 22)
    assert httpx.get(changed.get_signed_url()).content == (bucket.root / "one.jpg").read_bytes()

    shutil.copy2(photo, bucket.root / "deep" / "two.JPG")
    third = sync(folder)
    assert third.status.value == "done"
    assert shown(folder, bucket) == everything
    assert {item.url: item.uuid for item in folder.list_items()} == ids


def test_only_synced_folders_sync(folder: Any, client: Any, bucket: SimpleNamespace, names: SimpleNamespace) -> None:
    with pytest.raises(names.InvalidArgumentsError):
        folder.sync_private_data_with_cloud_synced_folder_start()
    with pytest.raises(names.InvalidArgumentsError):
        synced_folder(client, names, bucket.id, "file:///etc/")
    lost = synced_folder(client, names, bucket.id, bucket.url("nowhere/"))
    with pytest.raises(names.InvalidArgumentsError):
        lost.sync_private_data_with_cloud_synced_folder_start()


def test_clients_cannot_overwrite_items(folder: Any, bucket: SimpleNamespace, client: Any) -> None:
    item = client.get_storage_item(folder.upload_image(str(real_media.photos()[0])))
    shutil.copy(real_media.photos()[0], bucket.root / "a.jpg")
    entry = {"objectUrl": bucket.url("a.jpg"), "replaces": str(item.uuid)}
    job = folder.add_private_data_to_folder_start(bucket.id, {"images": [entry] * 1200})
    result = folder.add_private_data_to_folder_get_result(job)
    assert len({str(made.item_uuid) for made in result.items_with_names} - {str(item.uuid)}) == 1200


def test_folders_are_synced_by_themselves(tmp_path: Path, make_server: Any) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(real_media.photos()[0], tmp_path / "photos" / "a.jpg")
    server = make_server(CORRAL_LOCAL_ROOTS=str(tmp_path), CORRAL_SYNC_HOURS="1")
    root = str(tmp_path / "photos")
    integration = server.cli("integration", "add", "local", "--title", "l", "--root", root, "--quiet").strip()
    names = clients.names_of("corral")
    client = clients.connect("corral", server.url, server.admin_key)
    folder = synced_folder(client, names, integration, (tmp_path / "photos").as_uri() + "/")
    server.stop()
    server.start()
    deadline = time.monotonic() + 15
    while not list(folder.list_items()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [item.name for item in folder.list_items()] == ["a.jpg"]


def test_sidecars_are_attached(client: Any, bucket: SimpleNamespace, names: SimpleNamespace) -> None:
    for name in ("one.jpg", "two.jpg", "three.jpg"):
        shutil.copy(real_media.photos()[0], bucket.root / name)
    (bucket.root / "one.jpg.metadata.json").write_text('{"split": "train"}')
    (bucket.root / "two.jpg.metadata.json").write_text("no json")
    (bucket.root / "nobody.jpg.metadata.json").write_text("{}")
    folder = synced_folder(client, names, bucket.id, bucket.root.as_uri() + "/")
    if not hasattr(folder, "enable_metadata_ingestion"):
        pytest.skip("this version of the vendor's SDK knows no sidecars")
    folder.enable_metadata_ingestion()
    first = sync(folder)
    assert (first.upload_jobs_units_done, first.upload_jobs_units_error) == (3, 1)
    found = {item.name.rsplit("/", 1)[-1]: item.client_metadata for item in folder.list_items()}
    assert found == {"one.jpg": {"split": "train"}, "two.jpg": {}, "three.jpg": {}}
    (bucket.root / "one.jpg.metadata.json").write_text('{"split": "validation"}')
    (bucket.root / "two.jpg.metadata.json").write_text('{"split": "test"}')
    second = sync(folder)
    assert (second.upload_jobs_units_done, second.upload_jobs_units_error) == (0, 0)
    found = {item.name.rsplit("/", 1)[-1]: item.client_metadata for item in folder.list_items()}
    assert (found["one.jpg"], found["two.jpg"]) == ({"split": "validation"}, {"split": "test"})
    folder.enable_metadata_ingestion(paused=True)
    (bucket.root / "one.jpg.metadata.json").write_text('{"split": "unseen"}')
    sync(folder)
    found = {item.name.rsplit("/", 1)[-1]: item.client_metadata for item in folder.list_items()}
    assert found["one.jpg"] == {"split": "validation"}
