"""Folders and items behave alike through both SDKs."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from tests import real_media


def test_folder_tree(client: Any, folder: Any, names: SimpleNamespace) -> None:
    child = folder.create_subfolder("child", description="below", client_metadata={"k": [1, None]})
    grandchild = child.create_subfolder("grandchild")
    assert [element.name for element in grandchild.path_to_root] == ["child", folder.name]
    assert (child.description, child.client_metadata, child.parent.uuid) == ("below", {"k": [1, None]}, folder.uuid)
    assert [found.name for found in folder.list_subfolders()] == ["child"]
    assert {found.name for found in folder.find_subfolders()} == {"child", "grandchild"}
    assert [found.uuid for found in client.find_storage_folders(search="GRANDCHILD") if found.uuid == grandchild.uuid]
    assert folder.uuid in {found.uuid for found in client.list_storage_folders(search=folder.name)}
    with pytest.raises(names.InvalidArgumentsError):
        folder.move_to_folder(grandchild.uuid)
    grandchild.move_to_folder(None)
    assert grandchild.parent is None
    child.update(name="renamed", client_metadata={"new": True})
    assert client.get_storage_folder(child.uuid).client_metadata == {"new": True}
    folder.delete()
    with pytest.raises(names.AuthorisationError):
        client.get_storage_folder(child.uuid)
    assert client.get_storage_folder(grandchild.uuid).name == "grandchild"


def test_items_list_in_pages(folder: Any, names: SimpleNamespace, tmp_path: Any) -> None:
    paths = []
    for number in range(7):
        paths.append(tmp_path / f"{number}.png")
        Image.new("L", (8, 8), number).save(paths[-1])
        folder.upload_image(str(paths[-1]), title=f"image {number}")
    folder.upload_text(str(_text(tmp_path)))
    listed = [item.name for item in folder.list_items(page_size=3)]
    assert listed == ["hello.txt", *(f"image {number}" for number in range(7))]
    assert [item.name for item in folder.list_items(desc=True, page_size=2)] == list(reversed(listed))
    assert [item.name for item in folder.list_items(item_types=[names.ItemType.PLAIN_TEXT])] == ["hello.txt"]
    assert [item.name for item in folder.list_items(search="AGE 3")] == ["image 3"]
    assert list(folder.list_items(is_in_dataset=True)) == []
    signed = next(iter(folder.list_items(search="image 0", get_signed_urls=True)))
    assert httpx.get(signed.get_signed_url()).content == paths[0].read_bytes()


def _text(folder: Any) -> Any:
    path = folder / "hello.txt"
    path.write_text("hello")
    return path


def test_bulk_reading_keeps_the_order(client: Any, folder: Any, names: SimpleNamespace) -> None:
    uuids = [folder.upload_image(str(photo)) for photo in real_media.photos()]
    wanted = [uuids[1], uuids[0], uuids[1]]
    assert [item.uuid for item in client.get_storage_items(wanted)] == wanted
    with pytest.raises(names.AuthorisationError):
        client.get_storage_items([uuids[0], uuid.uuid4()])


def test_item_update_move_delete(client: Any, folder: Any, plain: Any, names: SimpleNamespace) -> None:
    item = client.get_storage_item(folder.upload_image(str(real_media.photos()[0])))
    item.update(name="new", client_metadata={"a_b": {"c": None}})
    assert (item.name, item.client_metadata) == ("new", {"a_b": {"c": None}})
    target = folder.create_subfolder("target")
    item.move_to_folder(target.uuid)
    assert item.parent_folder().uuid == target.uuid
    plain.link_items([item.uuid])
    summary = item.get_summary()
    assert summary.used_in_datasets == 1
    assert [found.title for found in summary.accessible_datasets] == [plain.title]
    item.delete()
    assert plain.list_data_rows() == []
    with pytest.raises(names.AuthorisationError):
        client.get_storage_item(item.uuid)


def test_mirror_follows_its_folder(client: Any, mirror: Any, folder: Any, names: SimpleNamespace) -> None:
    own = client.get_storage_folder(mirror.backing_folder_uuid)
    item = client.get_storage_item(folder.upload_image(str(real_media.photos()[0])))
    item.move_to_folder(own.uuid)
    assert [row.backing_item_uuid for row in mirror.list_data_rows()] == [item.uuid]
    with pytest.raises(Exception, match=r"(?i)mirror"):
        item.move_to_folder(folder.uuid)
    item.move_to_folder(folder.uuid, allow_mirror_dataset_changes=True)
    assert mirror.list_data_rows() == []
    with pytest.raises(Exception, match=r"(?i)mirror"):
        own.delete()


def test_deleting_a_group_takes_its_frames(client: Any, folder: Any, names: SimpleNamespace) -> None:
    group = client.get_storage_item(folder.create_image_group([str(path) for path in real_media.photos()]))
    frames = list(group.get_child_items())
    assert frames[0].get_summary().frame_in_groups == 1
    with pytest.raises(Exception, match="part of"):
        frames[0].delete()
    group.delete()
    assert list(folder.list_items()) == []


def test_foreign_folders_look_like_unknown_ones(folder: Any, other: SimpleNamespace, names: SimpleNamespace) -> None:
    item = folder.upload_image(str(real_media.photos()[0]))
    messages = set()
    for look in (
        lambda: other.client.get_storage_folder(folder.uuid),
        lambda: other.client.get_storage_folder(uuid.uuid4()),
        lambda: other.client.get_storage_item(item),
        lambda: other.client.get_storage_item(uuid.uuid4()),
    ):
        with pytest.raises(names.AuthorisationError) as caught:
            look()
        messages.add(getattr(caught.value, "message", str(caught.value)))
    assert len(messages) == 1
    assert folder.uuid not in {found.uuid for found in other.client.find_storage_folders()}


def test_identical_bytes_by_ranges(client: Any, folder: Any, tmp_path: Any) -> None:
    video = real_media.videos()[0]
    item = client.get_storage_item(folder.upload_video(str(video)), sign_url=True)
    content, url = video.read_bytes(), item.get_signed_url()
    assert httpx.get(url).content == content
    gathered = b""
    while len(gathered) < len(content):
        part = httpx.get(url, headers={"Range": f"bytes={len(gathered)}-{len(gathered) + 99_999}"})
        assert part.status_code == 206
        gathered += part.content
    assert gathered == content
