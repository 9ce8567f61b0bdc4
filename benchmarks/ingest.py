"""Registering local JPEGs in place, against a bare floor: `python -m benchmarks.ingest [COUNT ...]`.

The floor reads the same headers and writes one row each with the standard library and SQLite in one transaction; it has
no server, no jobs and no rows of datasets. Corral's time is from the request to DONE as its client sees it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
import uuid
from pathlib import Path

from PIL import Image

from benchmarks.floor import jpeg_size
from benchmarks.run import Corral
from tests.servers import Server

TARGET = 7.0


def make_photos(folder: Path, count: int) -> list[Path]:
    """Photos of some sixty sizes, each under many names."""
    folder.mkdir(parents=True)
    originals = []
    for number in range(64):
        originals.append(folder / f"original{number}.jpg")
        noise = Image.effect_noise((640 + 8 * number, 480 + 4 * number), 60).convert("RGB")
        noise.save(originals[-1], quality=80)
    paths = []
    for number in range(count):
        paths.append(folder / f"{number // 1000:04}" / f"photo {number:07}.jpg")
        paths[-1].parent.mkdir(exist_ok=True)
        os.link(originals[number % 64], paths[-1])
    return paths


def floor(paths: list[Path], place: Path) -> float:
    """Seconds that the bare work takes."""
    place.unlink(missing_ok=True)
    start = time.perf_counter()
    database = sqlite3.connect(place, isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.execute(
        "create table item (id integer primary key, uuid text, folder integer, name text, path text, mime text,"
        " size integer, width integer, height integer, created real, meta text)"
    )
    for name, columns in (("u", "uuid"), ("f", "folder, name"), ("w", "width")):
        database.execute(f"create index {name} on item ({columns})")
    rows = []
    for path in paths:
        width, height, size = jpeg_size(path)
        rows.append((str(uuid.uuid4()), 1, path.name, str(path), "image/jpeg", size, width, height, start, "{}"))
    database.execute("begin")
    database.executemany(
        "insert into item (uuid, folder, name, path, mime, size, width, height, created, meta)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    database.execute("commit")
    database.close()
    return time.perf_counter() - start


def job(corral: Corral, integration: str, paths: list[Path], supplied: bool = False) -> float:
    """Seconds from the request to DONE."""
    made = corral.rest("POST", "datasets", {"title": f"ingest {len(paths)}", "createBackingFolder": True})
    assert isinstance(made, dict)
    facts = {"mimeType": "image/jpeg", "fileSize": 60_000, "width": 640, "height": 480}
    more = {"imageMetadata": facts} if supplied else {}
    images = [{"objectUrl": path.as_uri(), **more} for path in paths]
    folder = made["backingFolderUuid"]
    start = time.perf_counter()
    body = {"externalFiles": {"images": images}, "integrationHash": integration, "ignoreErrors": False}
    started = corral.rest("POST", f"storage/folders/{folder}/data-upload-jobs", body)
    while True:
        state = corral.rest("GET", f"storage/folders/{folder}/data-upload-jobs/{started}?timeoutSeconds=50")
        assert isinstance(state, dict)
        if state["status"] != "PENDING":
            break
    taken = time.perf_counter() - start
    assert (state["status"], state["unitsDoneCount"]) == ("DONE", len(paths)), json.dumps(state)[:500]
    return taken


def main(counts: list[int]) -> int:
    """Measure each count; exit code 1 when a ratio is missed."""
    missed = False
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        base = Path(name)
        paths = make_photos(base / "photos", max(counts))
        server = Server(base / "home", environment={"CORRAL_LOCAL_ROOTS": str(base)}).start()
        root = str(base / "photos")
        integration = server.cli("integration", "add", "local", "--title", "l", "--root", root, "--quiet").strip()
        corral = Corral(server)
        job(corral, integration, paths[:2500])  # the workers start with the first job
        print(f"{'what':40} {'Corral s':>10} {'units/s':>9} {'floor s':>9} {'ratio':>7}")
        try:
            for count in counts:
                bare = min(floor(paths[:count], base / "floor.sqlite") for _ in range(3))
                rounds = 3 if count <= 20_000 else 1
                ours = min(job(corral, integration, paths[:count]) for _ in range(rounds))
                missed |= ours / bare > TARGET
                print(
                    f"{f'{count:,} photos probed':40} {ours:10.2f} {count / ours:9.0f} {bare:9.3f} {ours / bare:7.1f}"
                )
                ours = job(corral, integration, paths[:count], supplied=True)
                print(f"{f'{count:,} photos, metadata supplied':40} {ours:10.2f} {count / ours:9.0f}")
        finally:
            server.stop()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main([int(count) for count in sys.argv[1:]] or [5_000, 20_000]))
