"""One large job and somebody who reads items meanwhile: `python -m benchmarks.responsiveness [COUNT]`.

Prints how long item reads take before and during the job, and how much memory the server and its workers hold.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from benchmarks.ingest import job, make_photos
from benchmarks.run import Corral
from tests.servers import Server

TARGET = 5.0


def percentile(times: list[float], share: float) -> float:
    """The time that this share of the reads stayed under, in milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def read_until(server: Server, item: str, stop: Event, answer: Connection) -> None:
    """Send how long each read of one item took, a hundred a second or fewer. A process of its own: the one that
    starts the job is busy with its own JSON."""
    corral, times = Corral(server), []
    while not stop.is_set():
        start = time.perf_counter()
        corral.rest("GET", f"storage/items/{item}?signUrl=False")
        times.append(time.perf_counter() - start)
        time.sleep(0.01)
    answer.send(times)


@contextmanager
def reading(server: Server, item: str) -> Iterator[list[float]]:
    """Read an item again and again meanwhile; the list is filled at the end."""
    times: list[float] = []
    stop, (here, there) = multiprocessing.Event(), multiprocessing.Pipe()
    process = multiprocessing.Process(target=read_until, args=(server, item, stop, there))
    process.start()
    try:
        yield times
    finally:
        stop.set()
        times += here.recv()
        process.join()


def memory_of(server: Server) -> list[int]:
    """Resident megabytes of the server and each of its child processes."""
    assert server.process is not None
    sizes = []
    for pid in (server.process.pid, *server.children()):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        sizes.append(pages * os.sysconf("SC_PAGE_SIZE") >> 20)
    return sizes


def main(count: int) -> int:
    """Measure; exit code 1 when reads during the job are too slow."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        paths = make_photos(base / "photos", count)
        server = Server(base / "home", environment={"CORRAL_LOCAL_ROOTS": str(base)}).start()
        root = str(base / "photos")
        integration = server.cli("integration", "add", "local", "--title", "l", "--root", root, "--quiet").strip()
        corral = Corral(server)
        try:
            job(corral, integration, paths[:2500])
            listed = corral.rest("GET", "storage/search/items?pageSize=1")
            assert isinstance(listed, dict)
            item, stop = listed["results"][0]["uuid"], threading.Event()
            with reading(server, item) as idle:
                time.sleep(5)
            before = memory_of(server)
            peaks = list(before)
            watch = threading.Thread(target=_watch, args=(server, peaks, stop))
            watch.start()
            with reading(server, item) as during:
                taken = job(corral, integration, paths)
            stop.set()
            watch.join()
        finally:
            server.stop()
    print(f"{count:,} photos in {taken:.1f} s ({count / taken:.0f} units/s)")
    for words, times in (("idle", idle), ("during the job", during)):
        shown = ", ".join(f"p{share:g} {percentile(times, share / 100):.2f} ms" for share in (50, 95, 99))
        print(f"item reads {words}: {len(times)}, {shown}")
    ratio = percentile(during, 0.99) / percentile(idle, 0.99)
    print(f"p99 during / idle: {ratio:.1f} (target {TARGET})")
    print(f"memory of server and workers, MB: before {before}, highest {peaks}")
    return 1 if ratio > TARGET else 0


def _watch(server: Server, peaks: list[int], stop: threading.Event) -> None:
    while not stop.wait(0.5):
        for place, size in enumerate(memory_of(server)[: len(peaks)]):
            peaks[place] = max(peaks[place], size)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
