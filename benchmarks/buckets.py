"""Registering objects of a bucket, against what the same client library reads: `python -m benchmarks.buckets [COUNT]`.

A real S3 (Ceph's gateway) on this machine holds the photos. The raw rate is that of one range read of 64 KiB an object
from threads of this process, as many as one worker has; Corral's is that of a job that probes each object.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from obstore.store import S3Store

from benchmarks.run import Corral
from tests import real_media
from tests.object_stores import ceph
from tests.servers import Server

TARGET = 0.7
THREADS = 16
BLOCK = 64 * 1024


def raw_rate(store: S3Store, keys: list[str]) -> float:
    """Range reads a second."""
    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda key: len(obstore.get(store, key, options={"range": (0, BLOCK)}).bytes()), keys))
    return len(keys) / (time.perf_counter() - start)


def job_rate(corral: Corral, integration: str, urls: list[str]) -> float:
    """Probed objects a second, from the request to DONE."""
    made = corral.rest("POST", "storage/folders", {"name": "bucket"})
    assert isinstance(made, dict)
    path = f"storage/folders/{made['uuid']}/data-upload-jobs"
    files = {"images": [{"objectUrl": url} for url in urls]}
    start = time.perf_counter()
    body = {"externalFiles": files, "integrationHash": integration, "ignoreErrors": True}
    job = corral.rest("POST", path, body)
    while True:
        state = corral.rest("GET", f"{path}/{job}?timeoutSeconds=50")
        assert isinstance(state, dict)
        if state["status"] != "PENDING":
            break
    assert state["unitsDoneCount"] == len(urls), state["errors"][:3]
    return len(urls) / (time.perf_counter() - start)


def main(count: int) -> int:
    """Measure; exit code 1 when Corral reads much slower than the library could."""
    photo = real_media.photos()[0].read_bytes()
    with tempfile.TemporaryDirectory() as name, ceph(Path(tempfile.mkdtemp(prefix="corral-bench-"))) as bucket:
        values = bucket.values
        store = S3Store(
            bucket.bucket,
            endpoint=values["endpoint"],
            region="us-east-1",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            access_key_id=values["access_key_id"],
            secret_access_key=values["secret_access_key"],
        )
        keys = [f"photos/{number:05}.jpg" for number in range(count)]
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda key: bucket.put(key, photo), keys))
        server = Server(Path(name) / "home").start()
        try:
            options = [part for one, value in values.items() for part in (f"--{one.replace('_', '-')}", value)]
            added = server.cli("integration", "add", bucket.kind, "--title", "b", "--quiet", *options).strip()
            corral, urls = Corral(server), [bucket.url(key) for key in keys]
            job_rate(corral, added, urls[:100])
            raw = max(raw_rate(store, keys) for _ in range(3))
            ours = max(job_rate(corral, added, urls) for _ in range(3))
        finally:
            server.stop()
    print(f"{count} photos in a bucket: raw {raw:.0f}/s, Corral {ours:.0f}/s, {ours / raw:.2f} (target {TARGET})")
    return 1 if ours / raw < TARGET else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
