"""kill -9 at any moment: what was confirmed is there, the rest is finished or reported, nothing is doubled."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from PIL import Image

from tests import real_media
from tests.server.wire import Wire
from tests.servers import CORRAL, Server


def slot_in(wire: Wire, folder: str, count: int) -> list[dict[str, str]]:
    body = {"itemType": "image", "count": count}
    slots: list[dict[str, str]] = wire.rest("POST", f"storage/folders/{folder}/upload-signed-urls", body).json()[
        "results"
    ]
    return slots


def test_everything_confirmed_survives(make_server: Callable[..., Server]) -> None:
    server = make_server()
    wire, photo = Wire(server), real_media.photos()[0].read_bytes()
    folder = wire.new_folder()
    confirmed: list[str] = []

    def upload() -> None:
        try:
            while True:
                state = wire.job(folder, wire.upload(folder, photo))
                confirmed.append(state["itemsWithNames"][0]["itemUuid"])
        except (httpx.HTTPError, AssertionError, KeyError, ValueError):
            return

    workers = [threading.Thread(target=upload) for _ in range(3)]
    for worker in workers:
        worker.start()
    time.sleep(1.0)
    server.kill9()
    for worker in workers:
        worker.join()
    server.start()
    items = {item["uuid"] for item in _items(wire, folder)}
    assert len(confirmed) > 3
    assert set(confirmed) <= items
    assert len(items) - len(confirmed) <= len(workers)
    for uuid in items:
        url = wire.rest("GET", f"storage/items/{uuid}", query="signUrl=True").json()["signedUrl"]
        assert httpx.get(url).content == photo


def test_a_job_killed_again_and_again_ends_once(make_server: Callable[..., Server]) -> None:
    server = make_server()
    wire = Wire(server)
    folder, count = wire.new_folder(), 300
    slots = slot_in(wire, folder, count)
    content = io.BytesIO()
    Image.new("RGB", (64, 48)).save(content, "GIF")  # read by a child process, so the job takes a while
    with ThreadPoolExecutor(8) as pool:
        assert {
            answer.status_code
            for answer in pool.map(lambda slot: httpx.put(slot["signedUrl"], content=content.getvalue()), slots)
        } == {200}
    job = wire.register(folder, slots, ignoreErrors=True)
    for pause in (0.1, 0.3, 0.2):
        time.sleep(pause)
        server.kill9()
        server.start()
    state = wire.job(folder, job, 50)
    assert (state["status"], state["unitsDoneCount"], state["unitsErrorCount"]) == ("DONE", count, 0), state["errors"]
    assert len(_items(wire, folder)) == count


def _items(wire: Wire, folder: str) -> list[dict[str, str]]:
    found, token = [], ""
    while True:
        page = wire.rest("GET", f"storage/folders/{folder}/items", query=f"pageSize=1000{token}").json()
        found += page["results"]
        if page["nextPageToken"] is None:
            return found
        token = f"&pageToken={page['nextPageToken']}"


def test_a_half_sent_upload_is_never_visible(make_server: Callable[..., Server]) -> None:
    server = make_server()
    wire, photo = Wire(server), real_media.photos()[0].read_bytes()
    folder = wire.new_folder()
    slot = slot_in(wire, folder, 1)[0]

    def slowly() -> object:
        yield photo[:1000]
        server.kill9()
        yield photo[1000:]

    try:
        httpx.put(slot["signedUrl"], content=slowly())
    except httpx.HTTPError:
        pass
    server.start()
    assert "no bytes" in wire.job(folder, wire.register(folder, [slot]))["errors"][0]
    assert httpx.put(slot["signedUrl"], content=photo).status_code == 200
    assert wire.job(folder, wire.register(folder, [slot]))["status"] == "DONE"


def test_a_unit_that_stops_the_server_is_given_up(make_server: Callable[..., Server]) -> None:
    server = make_server()
    wire = Wire(server)
    folder = wire.new_folder()
    slots = slot_in(wire, folder, 40)
    for slot in slots:
        httpx.put(slot["signedUrl"], content=real_media.photos()[0].read_bytes())
    server.stop()
    # As if a dozen workers had died while they read one of the units.
    job = "01900000-0000-7000-8000-000000000001"
    server.start()
    job = wire.register(folder, slots, ignoreErrors=True)
    assert wire.job(folder, job)["unitsDoneCount"] == 40
    server.stop()
    with sqlite3.connect(server.home / "corral.sqlite") as database:
        database.execute("UPDATE job SET status = 'PENDING' WHERE id = ?", (job,))
        database.execute(
            "UPDATE job_unit SET state = 'RUNNING', attempts = 12, item_id = NULL WHERE job_id = ? AND position = 7",
            (job,),
        )
    server.start()
    state = wire.job(folder, job)
    assert (state["unitsErrorCount"], state["status"]) == (1, "DONE")
    assert "given up" in state["errors"][0]


def test_one_server_for_one_home(make_server: Callable[..., Server]) -> None:
    server = make_server()
    second = subprocess.run(
        [*CORRAL, "serve", "--home", str(server.home), "--port", "0"], capture_output=True, text=True, timeout=30
    )
    assert second.returncode == 1
    assert "Another Corral" in second.stderr


def test_a_retry_gets_the_first_answer(make_server: Callable[..., Server]) -> None:
    wire = Wire(make_server())
    now = int(time.time())
    trace = {"headers": {"X-Cloud-Trace-Context": "0123456789abcdef0123456789abcdef/1;o=1"}, "created": now}
    body = {"title": "once", "createBackingFolder": True}
    first = wire.rest("POST", "datasets", body, **trace).json()
    assert wire.rest("POST", "datasets", body, **trace).json() == first
    assert len(wire.rest("GET", "datasets/list").json()["result"]) == 1
    other = wire.rest("POST", "datasets", {**body, "title": "twice"}, **trace).json()
    assert other != first
