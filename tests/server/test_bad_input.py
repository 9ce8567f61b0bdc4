"""Bad input gets a clear error of its door; nothing half-made becomes visible and nothing stays behind."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests import real_media
from tests.server.wire import Wire
from tests.servers import Server


@pytest.fixture
def wire(server: Server) -> Wire:
    return Wire(server)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"values": 3}', b"\xff\xfe", b'{"a": NaN}'])
def test_legacy_bodies(wire: Wire, body: bytes) -> None:
    answer = wire.legacy_raw(body)
    assert (answer["status"], answer["response"]) == (400, ["INVALID_ARGUMENTS_ERROR"])


@pytest.mark.parametrize("body", [b"{", b"[]", b"3", b'{"name": 3}', b'{"name": ""}', b"{}", b'{"name": "a\\u0000b"}'])
def test_rest_bodies(wire: Wire, body: bytes) -> None:
    answer = wire.rest("POST", "storage/folders", body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_unknown_operations_name_themselves(wire: Wire) -> None:
    answer = wire.rest("GET", "organisation/users")
    assert answer.status_code == 501
    assert "organisation/users" in answer.json()["message"]
    assert wire.rest("GET", "no/such/thing").status_code == 501
    assert wire.rest("PATCH", "datasets", {}).status_code == 405
    legacy = wire.legacy("reencodevideotask", "PUT", payload={"data_hash": ["x"]})
    assert legacy["response"] == ["OPERATION_NOT_BUILT_ERROR"]
    assert "reencodevideotask" in legacy["payload"]
    assert wire.legacy("project", "GET")["status"] == 501
    assert wire.legacy("datarows", "DELETE")["response"] == ["METHOD_NOT_ALLOWED_ERROR"]


@pytest.mark.parametrize(
    "path",
    [
        "storage/items/not-a-uuid",
        "storage/items/..%2f..%2fetc",
        f"storage/items/{uuid.uuid4()}",
        "storage/folders/%00",
        f"storage/folders/{uuid.uuid4()}/items",
        f"datasets/{uuid.uuid4()}/users",
        "datasets/x/users",
    ],
)
def test_unknown_and_impossible_ids_answer_alike(wire: Wire, path: str) -> None:
    answer = wire.rest("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (403, "AUTHORISATION_ERROR")


def test_query_parameters(wire: Wire) -> None:
    for query in ("order=size", "pageToken=abc", "pageToken=%00", "pageSize=x", "itemTypes=sofa"):
        assert wire.rest("GET", f"storage/folders/{wire.new_folder()}/items", query=query).status_code == 400, query
    assert wire.rest("GET", f"storage/folders/{wire.new_folder()}/items", query="pageSize=99999").status_code == 200
    assert wire.rest("GET", "presigned-urls", query="count=0&uploadItemType=image").status_code == 400
    assert wire.rest("GET", "presigned-urls", query="count=1000000&uploadItemType=image").status_code == 400
    assert wire.rest("GET", "datasets/list", query="createdBefore=yesterday").status_code == 400


def test_titles_are_only_names(wire: Wire) -> None:
    folder = wire.new_folder("../../etc")
    photo = real_media.photos()[0].read_bytes()
    title = '../../etc/passwd"; x=\r'.replace("\r", "") + "é"
    state = wire.job(folder, wire.upload(folder, photo, title))
    item = wire.rest("GET", f"storage/items/{state['itemsWithNames'][0]['itemUuid']}", query="signUrl=True").json()
    assert item["name"] == title
    answer = httpx.get(item["signedUrl"])
    assert answer.content == photo
    assert "\n" not in answer.headers["content-disposition"]
    too_long = wire.rest("POST", "storage/folders", {"name": "x" * 301})
    assert too_long.status_code == 400
    assert "300" in too_long.json()["message"]


def test_object_keys_are_not_paths(wire: Wire, server: Server) -> None:
    folder = wire.new_folder()
    for key in ("../../keys/admin_ed25519", "/etc/passwd", "hosted/x", "file:///etc/passwd", "http://127.0.0.1:1/"):
        slot = {"objectKey": key, "itemUuid": None}
        state = wire.job(folder, wire.register(folder, [slot]))
        assert state["status"] == "ERROR"
        assert key in state["unitErrors"][0]["objectUrls"]
        assert "root:" not in json.dumps(state)
    for path in ("/blobs/../keys/admin_ed25519", "/blobs/..%2fkeys%2fadmin_ed25519", "/static/../../../settings.py"):
        assert httpx.get(server.url + path).status_code in (403, 404)


def test_slots_work_once_and_for_their_owner(wire: Wire, server: Server) -> None:
    folder, photo = wire.new_folder(), real_media.photos()[0].read_bytes()
    slot = wire.rest("POST", f"storage/folders/{folder}/upload-signed-urls", {"itemType": "image", "count": 1}).json()[
        "results"
    ][0]
    state = wire.job(folder, wire.register(folder, [slot]))
    assert state["status"] == "ERROR"
    assert "no bytes" in state["errors"][0]
    assert httpx.put(slot["signedUrl"], content=photo).status_code == 200
    other = Wire(server, server.add_user(f"slot-{uuid.uuid4().hex[:6]}@example.org"))
    theirs = other.new_folder()
    assert other.job(theirs, other.register(theirs, [slot]))["status"] == "ERROR"
    assert wire.job(folder, wire.register(folder, [slot]))["status"] == "DONE"
    assert wire.job(folder, wire.register(folder, [slot]))["status"] == "ERROR"
    assert httpx.put(slot["signedUrl"], content=b"replaced").status_code == 403
    assert len(wire.rest("GET", f"storage/folders/{folder}/items").json()["results"]) == 1


def test_signed_urls_cannot_be_bent(wire: Wire, server: Server) -> None:
    slot = wire.slot()
    url = slot["signedUrl"]
    assert httpx.get(url).status_code == 403
    for before, after in [("expires=1", "expires=2"), ("signature=", "signature=0"), (slot["itemUuid"][-4:], "0000")]:
        assert httpx.put(url.replace(before, after), content=b"x").status_code == 403
    assert httpx.put(url.split("?")[0], content=b"x").status_code == 403


def test_zero_bytes_and_chunks(wire: Wire) -> None:
    folder, photo = wire.new_folder(), real_media.photos()[0].read_bytes()

    def pieces() -> object:
        for start in range(0, len(photo), 10_000):
            yield photo[start : start + 10_000]

    slots = [wire.slot(), wire.slot()]
    assert httpx.put(slots[0]["signedUrl"], content=iter([b""])).status_code == 200
    assert httpx.put(slots[1]["signedUrl"], content=pieces()).status_code == 200
    for slot in slots:
        slot["itemUuid"] = None
    assert "empty" in wire.job(folder, wire.register(folder, [slots[0]]))["errors"][0]
    state = wire.job(folder, wire.register(folder, [slots[1]]))
    assert state["status"] == "DONE"


def test_one_bad_unit_sinks_a_strict_job_and_not_a_lenient_one(wire: Wire) -> None:
    photo = real_media.photos()[0].read_bytes()
    for ignore_errors, expected in ((False, []), (True, ["a.jpg", "a.jpg"])):
        folder, slots = wire.new_folder(), [wire.slot() for _ in range(3)]
        for slot, content in zip(slots, (photo, photo[:3000], photo), strict=True):
            slot["itemUuid"] = None
            httpx.put(slot["signedUrl"], content=content)
        state = wire.job(folder, wire.register(folder, slots, ignoreErrors=ignore_errors))
        assert state["status"] == ("DONE" if ignore_errors else "ERROR")
        assert state["unitsErrorCount"] == 1
        assert state["unitErrors"][0]["objectUrls"] == [slots[1]["objectKey"]]
        assert "truncated" in state["unitErrors"][0]["error"]
        items = wire.rest("GET", f"storage/folders/{folder}/items").json()["results"]
        assert [item["name"] for item in items] == expected
        if not ignore_errors:
            repaired = [slots[0], slots[2]]
            assert wire.job(folder, wire.register(folder, repaired))["unitsDoneCount"] == 2


def test_limits(make_server: Callable[..., Server]) -> None:
    server = make_server(CORRAL_MAX_JSON_BYTES="2000", CORRAL_MAX_UPLOAD_BYTES="5000", CORRAL_MAX_METADATA_BYTES="100")
    wire = Wire(server)
    assert wire.rest("POST", "storage/folders", {"name": "x" * 3000}).status_code == 413
    assert wire.legacy("datarows", "GET", payload={"title_eq": "x" * 3000})["http"] == 413
    folder = wire.new_folder()
    patch = wire.rest("PATCH", f"storage/folders/{folder}", {"clientMetadata": {"k": "x" * 200}})
    assert patch.status_code == 413
    slot = wire.slot()
    assert httpx.put(slot["signedUrl"], content=b"x" * 6000).status_code == 400
    assert httpx.put(slot["signedUrl"], content=iter([b"x" * 4000, b"y" * 4000])).status_code == 400
    assert list((server.home / "objects").rglob("*.*")) == [server.home / "objects" / ".incoming"]
    assert not any((server.home / "objects" / ".incoming").iterdir())


def test_unused_slots_are_swept(make_server: Callable[..., Server]) -> None:
    server = make_server(CORRAL_UPLOAD_SLOT_SECONDS="1")
    wire, photo = Wire(server), real_media.photos()[0].read_bytes()
    folder = wire.new_folder()
    kept = wire.job(folder, wire.upload(folder, photo))["itemsWithNames"][0]["itemUuid"]
    assert httpx.put(wire.slot()["signedUrl"], content=photo).status_code == 200
    assert len(_objects(server)) == 2
    # Slots outlive their URL by an hour of grace; move the clock of the rows, not of the machine.
    import sqlite3

    with sqlite3.connect(server.home / "corral.sqlite") as database:
        database.execute("UPDATE upload_slot SET expires_at = '2000-01-01T00:00:00.000000Z'")
    assert "expired slots: 1" in server.cli("sweep")
    assert [path.name for path in _objects(server)] == [kept]
    wire.rest("POST", f"storage/folders/{folder}/items/delete", {"childUuids": [kept]})
    assert _objects(server) == []


def _objects(server: Server) -> list[Path]:
    return [path for path in (server.home / "objects").rglob("*") if path.is_file()]


def test_nothing_of_this_broke_the_server(wire: Wire, server: Server) -> None:
    assert wire.rest("GET", "datasets/list").status_code == 200
    assert "Traceback" not in server.log()
