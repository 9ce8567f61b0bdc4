"""Datasets, rows, links, users and metadata behave alike through both SDKs."""

from __future__ import annotations

import uuid
import warnings
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests import real_media
from tests.compat import clients
from tests.servers import Server


def test_both_kinds_of_dataset(client: Any, mirror: Any, plain: Any) -> None:
    assert mirror.backing_folder_uuid is not None
    assert plain.backing_folder_uuid is None
    folder = client.get_storage_folder(mirror.backing_folder_uuid)
    assert folder.name == mirror.title
    synced = client.list_storage_folders(dataset_synced=True, search=mirror.title)
    assert [found.uuid for found in synced] == [folder.uuid]
    assert list(client.list_storage_folders(dataset_synced=False, search=mirror.title)) == []


def test_list_filters(client: Any, names: SimpleNamespace) -> None:
    mark = uuid.uuid4().hex[:10]
    made = [
        client.create_dataset(f"{mark} {word}", names.StorageLocation.CORD_STORAGE, f"about {word}").dataset_hash
        for word in ("one", "two", "100%")
    ]

    def found(**filters: Any) -> set[str]:
        return {clients.dataset_hash(entry) for entry in client.get_datasets(**filters)} & set(made)

    assert found(title_like=f"{mark}%") == set(made)
    assert found(title_eq=f"{mark} two") == {made[1]}
    assert found(title_like=f"{mark.upper()} ONE") == {made[0]}
    assert found(desc_eq="about 100%") == {made[2]}
    assert found(desc_like="about t%", title_like=f"{mark}%") == {made[1]}
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert found(title_like=f"{mark}%", created_after=now - hour, created_before=now + hour) == set(made)
    assert found(title_like=f"{mark}%", edited_before=now - hour) == set()


def test_list_data_rows_filters(mirror: Any, names: SimpleNamespace, tmp_path: Any) -> None:
    photo = str(real_media.photos()[0])
    image = clients.data_hash(mirror.upload_image(photo, title="Photo_1"))
    video = clients.data_hash(mirror.upload_video(str(real_media.make_video(tmp_path / "v.mp4")), title="clip"))

    def found(**filters: Any) -> set[str]:
        return {row.uid for row in mirror.list_data_rows(**filters)}

    assert found() == {image, video}
    assert found(title_eq="clip") == {video}
    assert found(title_like="photo%") == {image}
    assert found(data_types=[names.DataType.VIDEO]) == {video}
    assert found(data_types=[names.DataType.PDF]) == set()
    assert found(data_hashes=[image]) == {image}
    assert found(data_hashes=[]) == set()
    assert found(created_after="2020-01-01", created_before="2021-01-01") == set()
    assert found(created_after="2020-01-01", data_types=[names.DataType.IMAGE]) == {image}


def test_rows_are_left_out_on_request(client: Any, mirror: Any) -> None:
    mirror.upload_image(str(real_media.photos()[0]))
    dataset = client.get_dataset(mirror.dataset_hash, include_data_rows=False)
    assert dataset.title == mirror.title
    with pytest.raises(Exception, match=r"(?i)rows"):
        _ = dataset.data_rows
    assert len(dataset.list_data_rows()) == 1


def test_link_behaviours(client: Any, plain: Any, folder: Any, names: SimpleNamespace) -> None:
    items = [folder.upload_image(str(photo)) for photo in real_media.photos()]
    first = plain.link_items(items)
    assert [row.backing_item_uuid for row in first] == items
    again = plain.link_items(list(reversed(items)))
    assert [row.uid for row in again] == [row.uid for row in reversed(first)]
    assert len(plain.list_data_rows()) == 2
    with pytest.raises(names.ResourceExistsError):
        plain.link_items(items[:1], names.Duplicates.FAIL)
    double = plain.link_items(items[:1], names.Duplicates.DUPLICATE)
    assert double[0].uid not in {row.uid for row in first}
    assert len(plain.list_data_rows()) == 3
    assert client.get_storage_item(items[0]).backed_data_units_count == 2
    with pytest.raises(names.AuthorisationError):
        plain.link_items([uuid.uuid4()])


def test_unlinking_keeps_the_item(client: Any, plain: Any, folder: Any) -> None:
    item = folder.upload_image(str(real_media.photos()[0]))
    row = plain.link_items([item])[0]
    plain.delete_data(row.uid)
    assert plain.list_data_rows() == []
    assert client.get_storage_item(item).backed_data_units_count == 0


def test_delete_data_in_a_mirror_removes_the_item(client: Any, mirror: Any, names: SimpleNamespace) -> None:
    mirror.upload_image(str(real_media.photos()[0]))
    mirror.refetch_data()
    row = mirror.data_rows[0]
    mirror.delete_data([row.uid, str(uuid.uuid4())])
    mirror.refetch_data()
    assert list(mirror.data_rows) == []
    with pytest.raises(names.AuthorisationError):
        client.get_storage_item(row.backing_item_uuid)


def test_metadata_and_save(client: Any, mirror: Any, names: SimpleNamespace) -> None:
    mirror.upload_image(str(real_media.photos()[0]))
    row = mirror.list_data_rows()[0]
    row.title, row.client_metadata = "renamed", {"nested": {"a_b": None}, "n": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        row.save()
    fresh = client.get_dataset(
        mirror.dataset_hash, dataset_access_settings=names.DatasetAccessSettings(fetch_client_metadata=True)
    ).data_rows[0]
    assert fresh.title == "renamed"
    assert dict(fresh.client_metadata) == {"nested": {"a_b": None}, "n": 1}
    with pytest.raises(TypeError):
        fresh.client_metadata["n"] = 2
    assert client.get_storage_item(row.backing_item_uuid).name == "renamed"
    assert mirror.list_data_rows()[0].client_metadata is None


def test_rename_through_the_dataset(mirror: Any) -> None:
    data_hash = clients.data_hash(mirror.upload_image(str(real_media.photos()[0])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert mirror.update_data_item(data_hash, "new name")
    assert mirror.list_data_rows()[0].title == "new name"


def test_sharing_and_taking_away(client: Any, mirror: Any, other: SimpleNamespace, names: SimpleNamespace) -> None:
    mirror.upload_image(str(real_media.photos()[0]))
    with pytest.raises(names.AuthorisationError):
        other.client.get_dataset(mirror.dataset_hash)
    added = mirror.add_users([other.email], names.DatasetUserRole.USER)
    assert [(user.user_email, user.user_role) for user in added] == [(other.email, names.DatasetUserRole.USER)]
    again = mirror.add_users([other.email], names.DatasetUserRole.ADMIN)
    assert again[0].user_role == names.DatasetUserRole.USER
    assert other.email in {user.user_email for user in mirror.list_users()}
    seen = other.client.get_dataset(mirror.dataset_hash)
    row = seen.data_rows[0]
    row.refetch_data(signed_url=True)
    assert row.signed_url
    assert other.client.get_storage_item(row.backing_item_uuid).name == row.title
    with pytest.raises(names.AuthorisationError):
        seen.delete_data(row.uid)
    with pytest.raises(names.AuthorisationError):
        seen.add_users([other.email], names.DatasetUserRole.ADMIN)
    with pytest.raises(names.AuthorisationError):
        seen.upload_image(str(real_media.photos()[0]))
    mirror.remove_users([other.email, "nobody@example.org"])
    for look in (lambda: other.client.get_dataset(mirror.dataset_hash), lambda: row.refetch_data(signed_url=True)):
        with pytest.raises(names.AuthorisationError):
            look()
    with pytest.raises(names.AuthorisationError):
        other.client.get_storage_item(row.backing_item_uuid)


def test_strangers_cannot_be_added(mirror: Any, names: SimpleNamespace) -> None:
    with pytest.raises(names.InvalidArgumentsError):
        mirror.add_users(["stranger@example.org"], names.DatasetUserRole.USER)


def test_bearer_token(client: Any, server: Server, names: SimpleNamespace, mirror: Any) -> None:
    token = client.get_bearer_token()
    module = type(client)
    assert module.create_with_bearer_token(token, domain=server.url).get_dataset(mirror.dataset_hash).title
    with pytest.raises(names.AuthenticationError):
        module.create_with_bearer_token("wrong", domain=server.url).get_datasets()


def test_unknown_key(server: Server, names: SimpleNamespace, tmp_path: Any) -> None:
    from corral.records.signing import generate_private_key

    key = tmp_path / "stranger"
    key.write_text(generate_private_key())
    with pytest.raises(names.AuthenticationError):
        clients.connect(names.sdk, server.url, key).get_datasets()
