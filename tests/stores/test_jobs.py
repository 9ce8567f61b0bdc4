"""Jobs that register what lies in real buckets, through a running server."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import real_media
from tests.conftest import new_database
from tests.object_stores import ObjectStore
from tests.server.wire import Wire
from tests.servers import Server
from tests.stores.conftest import require
from tests.stores.faults import Faults, faulty


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Server]:
    url = new_database(request.getfixturevalue("postgres"))
    home = tmp_path_factory.mktemp("buckets") / "home"
    running = Server(home, environment={"CORRAL_DATABASE_URL": url}).start()
    yield running
    running.stop()


def add(server: Server, store: ObjectStore, tmp_path: Path, **other: str) -> str:
    """An integration with the store, added by the command line as a user would."""
    values = {**store.values, **other}
    if store.kind == "gcs":
        key_file = tmp_path / "account.json"
        key_file.write_text(values["service_account"])
        values["service_account"] = str(key_file)
    options = [part for name, value in values.items() for part in (f"--{name.replace('_', '-')}", value)]
    return server.cli("integration", "add", store.kind, "--title", uuid.uuid4().hex, "--quiet", *options).strip()


def register(wire: Wire, integration: str, files: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    folder = wire.new_folder()
    body = {"externalFiles": files, "integrationHash": integration, "ignoreErrors": True}
    job = wire.rest("POST", f"storage/folders/{folder}/data-upload-jobs", body).json()
    return folder, wire.job(folder, job)


@pytest.mark.parametrize("name", ["ceph", "azurite", "google"])
def test_every_kind(running: dict[str, ObjectStore], server: Server, tmp_path: Path, name: str) -> None:
    require(name)
    store, wire = running[name], Wire(server)
    media = {
        "images": real_media.photos()[:1],
        "videos": [next(path for path in real_media.videos() if "bunny" in path.name)],
        "audio": [real_media.make_wav(tmp_path / "tone.wav")],
        "nifti": [real_media.nifti()],
        "dicom": real_media.ct_series(),
    }
    urls: dict[str, list[str]] = {}
    for kind, paths in media.items():
        for path in paths:
            store.put(f"set one/{kind}/{path.name}", path.read_bytes())
        urls[kind] = [store.url(f"set one/{kind}/{path.name}") for path in paths]
    files = {kind: [{"objectUrl": url} for url in urls[kind]] for kind in ("images", "videos", "audio", "nifti")}
    series = {f"objectUrl_{number}": url for number, url in enumerate(urls["dicom"])}
    missing = store.url("set one/never.jpg")
    files["images"].append({"objectUrl": missing})
    folder, state = register(wire, add(server, store, tmp_path), {**files, "dicom_series": [{"title": "ct", **series}]})
    assert (state["unitsDoneCount"], state["unitsErrorCount"]) == (5, 1), state
    assert state["unitErrors"][0]["objectUrls"] == [missing]
    listed = wire.rest("GET", f"storage/folders/{folder}/items", query="signUrls=True").json()["results"]
    items = {item["itemType"]: item for item in listed}
    assert (items["image"]["width"], items["image"]["height"]) == (640, 427)
    assert (items["video"]["fps"], items["video"]["frameCount"]) == (25, 132)
    assert items["dicomSeries"]["frameCount"] == 5
    assert items["image"]["name"] == f"set one/images/{real_media.photos()[0].name}"
    assert httpx.get(items["video"]["signedUrl"]).content == media["videos"][0].read_bytes()


def test_rotated_credentials(running: dict[str, ObjectStore], server: Server, tmp_path: Path) -> None:
    require("ceph")
    store, wire = running["ceph"], Wire(server)
    store.put("rotated.jpg", real_media.photos()[0].read_bytes())
    integration = add(server, store, tmp_path, secret_access_key="wrong-for-now")
    files = {"images": [{"objectUrl": store.url("rotated.jpg")}]}
    _, state = register(wire, integration, files)
    assert state["unitsErrorCount"] == 1
    assert "may not read" in state["unitErrors"][0]["error"]
    secret = store.values["secret_access_key"]
    server.cli("integration", "rotate", store.kind, integration, "--endpoint", store.values["endpoint"],
               "--access-key-id", store.values["access_key_id"], "--secret-access-key", secret)  # fmt: skip
    assert "readable" in server.cli("integration", "test", integration, store.url("rotated.jpg"))
    shown = server.cli("integration", "list") + server.log()
    assert integration in shown
    assert secret not in shown
    assert "wrong-for-now" not in shown


def test_a_store_that_fails_and_stalls(running: dict[str, ObjectStore], server: Server, tmp_path: Path) -> None:
    require("ceph")
    store, wire, count = running["ceph"], Wire(server), 400
    photo = real_media.photos()[0].read_bytes()
    keys = [f"faults/{number:04}.jpg" for number in range(count)]
    for number, key in enumerate(keys):
        store.put(key, b"\xff\xd8\xff\xe0 broken" if number % 100 == 7 else photo)
    faults = Faults(failing=0.05, stalling=0.01, stall_seconds=3)
    with faulty(store.values["endpoint"], faults) as address:
        integration = add(server, store, tmp_path, endpoint=address)
        urls = [f"{address}/{store.bucket}/{key}" for key in keys]
        folder = wire.new_folder()
        body = {"externalFiles": {"images": [{"objectUrl": url} for url in urls]}, "integrationHash": integration,
                "ignoreErrors": True}  # fmt: skip
        job = wire.rest("POST", f"storage/folders/{folder}/data-upload-jobs", body).json()
        time.sleep(0.7)
        for pid in server.children():
            os.kill(pid, signal.SIGKILL)
        state = wire.job(folder, job)
    assert faults.seen["error"] > 3
    assert faults.seen["hang up"] > 3
    assert faults.seen["stall"] > 0
    assert (state["status"], state["unitsDoneCount"], state["unitsErrorCount"]) == ("DONE", count - 4, 4)
    failed = sorted(error["objectUrls"][0] for error in state["unitErrors"])
    assert failed == [urls[number] for number in range(7, count, 100)]
    listed = wire.rest("GET", f"storage/folders/{folder}/items", query="pageSize=1000").json()["results"]
    assert sorted(item["url"] for item in listed) == [url for url in urls if url not in failed]


@pytest.mark.parametrize("name", ["ceph", "azurite", "google"])
def test_a_folder_in_step_with_a_bucket(
    running: dict[str, ObjectStore], server: Server, tmp_path: Path, name: str
) -> None:
    require(name)
    store, wire = running[name], Wire(server)
    photo, count = real_media.photos()[0].read_bytes(), 40
    for number in range(count):
        store.put(f"kept in step/{number:04} ü.jpg", photo)
    integration = add(server, store, tmp_path)
    params = {"integrationUuid": integration, "remoteUrl": store.url("kept in step/")}
    made = wire.rest("POST", "storage/folders", {"name": "s", "cloudSyncedFolderParams": params}).json()
    assert (made["folderType"], made["remoteUrl"]) == ("cloudLinked", params["remoteUrl"])
    path = f"storage/folders/{made['uuid']}"
    for expected in (count, 0):
        job = wire.rest("POST", f"{path}/cloud-synced-folder-syncs").json()
        url = f"{path}/cloud-linked-folder-syncs/{job}/long-polling"
        state = wire.rest("GET", url, query="timeoutSeconds=50").json()
        assert state["status"] == "done"
        if store.kind != "gcs":  # this server has one etag in headers and another in listings
            assert (state["uploadJobsUnitsDone"], state["uploadJobsUnitsError"]) == (expected, 0)
    listed = wire.rest("GET", f"{path}/items", query="pageSize=1000").json()["results"]
    assert [item["url"] for item in listed] == [store.url(f"kept in step/{number:04} ü.jpg") for number in range(count)]
    assert not any(item["isTombstone"] for item in listed)
