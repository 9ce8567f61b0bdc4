"""Measures Corral against the floor: `python -m benchmarks.run`. Prints one table of ratios.

Both servers run side by side on this machine and are asked in turn by the same client code; the best of several
rounds counts, so that other load on the machine disturbs both alike.
"""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.floor import ROWS
from corral.records import signing
from tests import real_media
from tests.servers import Server, free_port

ROUNDS = 7
TARGETS = {
    "one item read (300 in a row)": 2.0,
    "20,000 data rows through the legacy door": 2.0,
    "one durable upload, registered (40 in a row)": 3.0,
    "upload of a 512 MB file": 1.25,
}


class Client:
    """One kept-alive connection, as lean as Python has it."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.used = 0.0

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> bytes:
        if time.monotonic() - self.used > 3:  # the server drops idle connections
            self.connection.close()
        self.connection.request(method, path, body=body, headers=headers or {})  # type: ignore[arg-type]
        answer = self.connection.getresponse()
        content = answer.read()
        self.used = time.monotonic()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content


class Corral(Client):
    """The same client, signing what it asks."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.port)
        self.key = signing.load_private_key(server.admin_key.read_text())

    def rest(self, method: str, path: str, body: object = None) -> object:
        return json.loads(self.ask(*self.signed(method, path, body)))

    def signed(self, method: str, path: str, body: object = None) -> tuple[str, str, bytes, dict[str, str]]:
        target, content = f"/v2/public/{path}", b"" if body is None else json.dumps(body).encode()
        return method, target, content, signing.sign_rest(self.key, method, target, content, int(time.time()))

    def legacy(self, query_type: str, dataset: str, payload: object) -> bytes:
        values = {"uid": None, "payload": payload}
        content = json.dumps({"query_type": query_type, "query_method": "GET", "values": values}).encode()
        headers = {"Authorization": signing.sign_legacy(self.key, content), "ResourceID": dataset}
        return self.ask("POST", "/public", content, headers)


def race(ours: Callable[[], object], floors: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Seconds of the quickest round of each, the rounds taken in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, taken in zip((ours, floors), times, strict=True):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return min(times[0]), min(times[1])


def fill(server: Server, corral: Corral) -> tuple[str, str, list[str]]:
    """A dataset of 20,000 rows; returns its id, its folder and its items. Copies one real item in SQL."""
    made = corral.rest("POST", "datasets", {"title": "benchmark", "createBackingFolder": True})
    assert isinstance(made, dict)
    folder = made["backingFolderUuid"]
    upload(corral, folder, real_media.photos()[0].read_bytes())
    database = sqlite3.connect(server.home / "corral.sqlite", timeout=60)
    columns = [row[1] for row in database.execute("pragma table_info(item)")]
    item = database.execute("select * from item").fetchone()
    items, rows = [], []
    for number in range(ROWS - 1):
        copy = dict(zip(columns, item, strict=True)) | {"id": str(uuid.uuid4()), "name": f"photo {number}.jpg"}
        items.append(list(copy.values()))
        rows.append((str(uuid.uuid4()), made["datasetUuid"], copy["id"], copy["created_at"]))
    database.executemany(f"insert into item values ({', '.join('?' * len(columns))})", items)
    database.executemany("insert into data_row values (?, ?, ?, ?)", rows)
    database.commit()
    database.execute("analyze")
    database.close()
    return made["datasetUuid"], folder, [row[2] for row in rows]


def upload(corral: Corral, folder: str, photo: bytes) -> None:
    """One image, the way the SDK does it: slot, PUT, job, poll."""
    slots = corral.rest("POST", f"storage/folders/{folder}/upload-signed-urls", {"itemType": "image", "count": 1})
    assert isinstance(slots, dict)
    slot = slots["results"][0]
    address = urlsplit(slot["signedUrl"])
    corral.ask("PUT", f"{address.path}?{address.query}", photo)
    entry = {"objectUrl": slot["objectKey"], "title": "a.jpg", "placeholderItemUuid": slot["itemUuid"]}
    body = {"dataItems": {"images": [entry]}, "ignoreErrors": False}
    job = corral.rest("POST", f"storage/folders/{folder}/data-upload-jobs", body)
    state = corral.rest("GET", f"storage/folders/{folder}/data-upload-jobs/{job}?timeoutSeconds=60")
    assert isinstance(state, dict)
    assert state["status"] == "DONE", state


def floor_upload(floor: Client, photo: bytes) -> None:
    """The same work at the floor: write durably, probe, insert durably."""
    key = uuid.uuid4().hex
    floor.ask("PUT", f"/blobs/{key}", photo)
    floor.ask("POST", "/register", json.dumps({"key": key}))


def measure(corral: Corral, floor: Client, server: Server, folder_path: Path) -> dict[str, tuple[float, float]]:
    """Seconds of Corral and of the floor, by what was measured."""
    dataset, folder, items = fill(server, corral)
    photo = real_media.photos()[0].read_bytes()
    settings = {"dataset_access_settings": {"fetch_client_metadata": False, "fetch_rows": True}}
    names = iter(TARGETS)
    results = {}

    # Signed ahead: the server's work is measured, and the floor's client has nothing to sign.
    requests = [corral.signed("GET", f"storage/items/{item}?signUrl=False") for item in items[:300]]

    def read_items() -> None:
        for request in requests:
            json.loads(corral.ask(*request))

    def read_floor_items() -> None:
        for number in range(300):
            json.loads(floor.ask("GET", f"/item/{uuid.UUID(int=number)}"))

    results[next(names)] = race(read_items, read_floor_items)
    listed = json.loads(corral.legacy("datarows", dataset, settings))["response"]
    assert len(listed) == len(json.loads(floor.ask("POST", "/rows"))["response"]) == ROWS
    results[next(names)] = race(
        lambda: corral.legacy("datarows", dataset, settings),
        lambda: floor.ask("POST", "/rows"),
    )
    results[next(names)] = race(
        lambda: [upload(corral, folder, photo) for _ in range(40)],
        lambda: [floor_upload(floor, photo) for _ in range(40)],
    )
    big = folder_path / "big.bin"
    big.write_bytes(os.urandom(1 << 20) * 512)

    def put_big() -> None:
        slots = corral.rest("POST", f"storage/folders/{folder}/upload-signed-urls", {"itemType": "video", "count": 1})
        assert isinstance(slots, dict)
        address = urlsplit(slots["results"][0]["signedUrl"])
        with open(big, "rb") as file:
            corral.ask("PUT", f"{address.path}?{address.query}", file, {"Content-Length": str(big.stat().st_size)})

    def put_floor() -> None:
        with open(big, "rb") as file:
            floor.ask("PUT", f"/blobs/{uuid.uuid4().hex}", file, {"Content-Length": str(big.stat().st_size)})

    results[next(names)] = race(put_big, put_floor, 3)
    return results


def main() -> int:
    """Run everything; exit code 1 when a target is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server, port = Server(folder / "home").start(), free_port()
        (folder / "floor").mkdir()
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.floor", str(folder / "floor"), str(port)])
        try:
            time.sleep(2.5)
            results = measure(Corral(server), Client(port), server, folder)
        finally:
            server.stop()
            process.terminate()
            process.wait()
    missed = 0
    print(f"{'what':48} {'Corral s':>10} {'floor s':>10} {'ratio':>7} {'target':>7}")
    for what, (ours, theirs) in results.items():
        ratio = ours / theirs
        missed += ratio > TARGETS[what]
        print(f"{what:48} {ours:10.3f} {theirs:10.3f} {ratio:7.2f} {TARGETS[what]:7.2f}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
