"""Integrations from a script, against a running server."""

from __future__ import annotations

from pathlib import Path

import pytest

from corral import UserClient, errors
from tests import real_media
from tests.servers import Server


@pytest.fixture
def client(server: Server) -> UserClient:
    return UserClient.create_with_ssh_private_key(ssh_private_key_path=str(server.admin_key), domain=server.url)


def test_from_adding_to_deleting(client: UserClient, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(real_media.photos()[0].read_bytes())
    added = client.integrations.add("local", "mine", {"root": str(tmp_path)}, url_seconds=60)
    assert (added.title, added.kind, added.settings, added.url_seconds) == (
        "mine",
        "local",
        {"root": str(tmp_path)},
        60,
    )
    assert added in client.integrations.list()
    assert client.integrations.test(added, photo.as_uri()) == photo.stat().st_size
    with pytest.raises(errors.InvalidArgumentsError, match="no file"):
        client.integrations.test(added, (tmp_path / "b.jpg").as_uri())
    folder = client.create_storage_folder("f")
    job = folder.add_private_data_to_folder_start(added.uuid, {"images": [{"objectUrl": photo.as_uri()}]})
    (made,) = folder.add_private_data_to_folder_get_result(job).items_with_names
    with pytest.raises(errors.CorralError, match="1 items"):
        client.integrations.delete(added)
    folder.delete_storage_items([made.item_uuid])
    client.integrations.delete(added)
    assert added not in client.integrations.list()


def test_credentials_are_never_shown(client: UserClient, server: Server) -> None:
    values = {"endpoint": "http://127.0.0.1:9", "access_key_id": "who", "secret_access_key": "planted-secret"}
    added = client.integrations.add("s3-compatible", "s", values)
    rotated = client.integrations.rotate(added, {"access_key_id": "who", "secret_access_key": "second-secret"})
    shown = f"{added}{rotated}{client.integrations.list()}{server.log()}{server.cli('integration', 'list')}"
    assert "secret" not in shown.replace("planted-secret", "SECRET").replace("second-secret", "SECRET").lower()
    for path in server.home.rglob("*"):
        if path.is_file() and path.stat().st_size < 50_000_000:
            content = path.read_bytes()
            assert b"planted-secret" not in content, path
            assert b"second-secret" not in content, path


def test_what_is_wrong_is_said(client: UserClient, server: Server, tmp_path: Path) -> None:
    for kind, values, words in (
        ("ftp", {}, "no integration kind"),
        ("local", {}, "needs root"),
        ("local", {"root": "/etc"}, "CORRAL_LOCAL_ROOTS"),
        ("local", {"root": str(tmp_path), "color": "red"}, "takes no color"),
        ("s3-compatible", {"endpoint": "ftp://x", "access_key_id": "a", "secret_access_key": "b"}, "endpoint"),
        ("azure", {"account": "a"}, "account_key or sas"),
        ("gcs", {"service_account": "{}"}, "key file"),
    ):
        with pytest.raises(errors.InvalidArgumentsError, match=words):
            client.integrations.add(kind, "t", values)
    key = server.add_user(f"{tmp_path.name}@example.org")
    member = UserClient.create_with_ssh_private_key(ssh_private_key_path=str(key), domain=server.url)
    with pytest.raises(errors.AuthorisationError):
        member.integrations.add("local", "t", {"root": str(tmp_path)})
