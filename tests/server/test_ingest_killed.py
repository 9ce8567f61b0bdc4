"""Large jobs whose server and workers are killed again and again: every unit ends exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests import real_media
from tests.conftest import new_database
from tests.server.wire import Wire
from tests.servers import CORRAL, Server

UNITS = 6000
BROKEN = 60


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else new_database(request.getfixturevalue("postgres"))


def photos(root: Path) -> list[str]:
    """URLs of many photos, some of them broken."""
    root.mkdir()
    (root / "broken").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    (root / "whole").write_bytes(real_media.photos()[0].read_bytes())
    urls = []
    for number in range(UNITS):
        path = root / f"{number:05}.jpg"
        os.link(root / ("broken" if number % (UNITS // BROKEN) == 7 else "whole"), path)
        urls.append(path.as_uri())
    return urls


def start(wire: Wire, folder: str, integration: str, urls: list[str], **more: Any) -> str:
    body = {
        "externalFiles": {"images": [{"objectUrl": url} for url in urls], **more},
        "integrationHash": integration,
        "ignoreErrors": True,
    }
    return str(wire.rest("POST", f"storage/folders/{folder}/data-upload-jobs", body).json())


def state_of(wire: Wire, folder: str, job: str, seconds: int = 0) -> dict[str, Any]:
    query = f"timeoutSeconds={seconds}"
    state: dict[str, Any] = wire.rest("GET", f"storage/folders/{folder}/data-upload-jobs/{job}", query=query).json()
    return state


def urls_in(wire: Wire, folder: str) -> Counter[str]:
    found: Counter[str] = Counter()
    token = ""
    while True:
        query = f"pageSize=1000&pageToken={token}" if token else "pageSize=1000"
        page = wire.rest("GET", f"storage/folders/{folder}/items", query=query).json()
        found.update(item["url"] for item in page["results"])
        token = page.get("nextPageToken") or ""
        if not token:
            return found


def test_every_unit_ends_once(make_server: Callable[..., Server], tmp_path: Path, database_url: str) -> None:
    urls = photos(tmp_path / "photos")
    environment = {"CORRAL_LOCAL_ROOTS": str(tmp_path)}
    if database_url:
        environment["CORRAL_DATABASE_URL"] = database_url
    server = make_server(**environment)
    root = str(tmp_path / "photos")
    integration = server.cli("integration", "add", "local", "--title", "l", "--root", root, "--quiet").strip()
    wire = Wire(server)
    folder = wire.new_folder()
    job = start(wire, folder, integration, urls)
    chance = random.Random(7)
    for number in range(8):
        time.sleep(chance.uniform(0.1, 0.5))
        if number % 2:
            server.kill9()
            server.start()
        else:
            workers = server.children()
            assert workers
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 90
    while (state := state_of(wire, folder, job, 5))["status"] == "PENDING" and time.monotonic() < deadline:
        pass
    assert state["status"] == "DONE"
    assert (state["unitsDoneCount"], state["unitsErrorCount"]) == (UNITS - BROKEN, BROKEN)
    assert (state["unitsPendingCount"], state["unitsCancelledCount"]) == (0, 0)
    found = urls_in(wire, folder)
    assert len(found) == UNITS - BROKEN
    assert set(found.values()) == {1}
    failed = {url for error in state["unitErrors"] for url in error["objectUrls"]}
    assert failed == set(urls) - set(found)
    again = start(wire, folder, integration, urls[:200], skip_duplicate_urls=True)
    assert state_of(wire, folder, again, 20)["itemsWithNames"] == []
    assert len(urls_in(wire, folder)) == UNITS - BROKEN


def test_two_jobs_at_once_make_each_item_once(
    make_server: Callable[..., Server], tmp_path: Path, database_url: str
) -> None:
    urls = photos(tmp_path / "photos")[:3000]
    environment = {"CORRAL_LOCAL_ROOTS": str(tmp_path)}
    if database_url:
        environment["CORRAL_DATABASE_URL"] = database_url
    server = make_server(**environment)
    root = str(tmp_path / "photos")
    integration = server.cli("integration", "add", "local", "--title", "l", "--root", root, "--quiet").strip()
    wire = Wire(server)
    folder = wire.new_folder()
    jobs = [start(wire, folder, integration, urls, skip_duplicate_urls=True) for _ in range(3)]
    states = [state_of(wire, folder, job, 50) for job in jobs]
    assert [state["status"] for state in states] == ["DONE"] * 3
    assert set(urls_in(wire, folder).values()) == {1}
    assert sum(len(state["itemsWithNames"]) for state in states) == len(urls_in(wire, folder)) == 3000 - 30


def test_a_worker_of_its_own_takes_over(
    make_server: Callable[..., Server], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    urls = photos(tmp_path / "photos")
    url = new_database(request.getfixturevalue("postgres"))
    server = make_server(CORRAL_LOCAL_ROOTS=str(tmp_path), CORRAL_DATABASE_URL=url)
    root = str(tmp_path / "photos")
    integration = server.cli("integration", "add", "local", "--title", "l", "--root", root, "--quiet").strip()
    wire = Wire(server)
    folder = wire.new_folder()
    job = start(wire, folder, integration, urls)
    server.kill9()
    environment = {**os.environ, **server.environment, "CORRAL_HOME": str(server.home)}
    worker = subprocess.Popen([*CORRAL, "worker"], env=environment, stdout=subprocess.PIPE, text=True)
    engine = sa.create_engine(url)
    try:
        deadline = time.monotonic() + 60
        status = "PENDING"
        while status == "PENDING" and time.monotonic() < deadline:
            time.sleep(0.2)
            with engine.connect() as connection:
                status = str(connection.execute(sa.text("SELECT status FROM job WHERE id = :id"), {"id": job}).scalar())
    finally:
        worker.terminate()
        assert worker.wait(timeout=20) == 0
        engine.dispose()
    assert status == "DONE"
    server.start()
    assert state_of(wire, folder, job)["unitsDoneCount"] == UNITS - BROKEN
    assert set(urls_in(wire, folder).values()) == {1}


def test_cancelling_a_large_job(make_server: Callable[..., Server], tmp_path: Path) -> None:
    urls = photos(tmp_path / "photos")
    server = make_server(CORRAL_LOCAL_ROOTS=str(tmp_path))
    root = str(tmp_path / "photos")
    integration = server.cli("integration", "add", "local", "--title", "l", "--root", root, "--quiet").strip()
    wire = Wire(server)
    folder = wire.new_folder()
    job = start(wire, folder, integration, urls)
    while state_of(wire, folder, job)["unitsDoneCount"] == 0:
        time.sleep(0.02)
    cancelled = wire.rest("POST", f"storage/folders/{folder}/data-upload-jobs/{job}/cancel").json()
    time.sleep(0.5)  # what a worker held in its hands at that moment must not appear any more
    state = state_of(wire, folder, job)
    assert state["status"] == "CANCELLED"
    assert state["unitsCancelledCount"] == cancelled["unitsCancelledCount"] > 0
    assert state["unitsPendingCount"] == 0
    assert state["unitsDoneCount"] + state["unitsErrorCount"] + state["unitsCancelledCount"] == UNITS
    assert sum(urls_in(wire, folder).values()) == state["unitsDoneCount"]
