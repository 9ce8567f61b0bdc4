"""Starts real Corral servers and real PostgreSQL clusters for the tests."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

CORRAL = [sys.executable, "-m", "corral.cli.main"]


def free_port() -> int:
    """A loopback port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One `corral serve` process on a home of its own."""

    home: Path
    port: int = field(default_factory=free_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    output: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_key(self) -> Path:
        return self.home / "keys" / "admin_ed25519"

    def start(self) -> Server:
        """Start and wait until it is ready."""
        log = self.home.parent / f"{self.home.name}.log"
        self.process = subprocess.Popen(
            [*CORRAL, "serve", "--home", str(self.home), "--port", str(self.port)],
            stdout=open(log, "w"),
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.environment},
            text=True,
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/healthz").status_code == 200:
                    self.output = log.read_text()
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"corral did not start:\n{log.read_text()}")

    def log(self) -> str:
        """Everything that the server has printed since its last start."""
        return (self.home.parent / f"{self.home.name}.log").read_text()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=20)

    def children(self) -> list[int]:
        """The child processes: the workers that work jobs off, and readers of media."""
        assert self.process is not None
        tasks = Path(f"/proc/{self.process.pid}/task")
        listed = [(task / "children").read_text().split() for task in tasks.iterdir()]
        return [int(pid) for pids in listed for pid in pids]

    def cli(self, *arguments: str) -> str:
        """Run `corral ...` against this home; returns what it printed."""
        done = subprocess.run(
            [*CORRAL, *arguments],
            env={**os.environ, **self.environment, "CORRAL_HOME": str(self.home), "CORRAL_PORT": str(self.port)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def add_user(self, email: str, role: str = "member") -> Path:
        """Add a user with a new key; returns the private key's path."""
        key = self.home / "keys" / f"{email}.key"
        self.cli("user", "add", email, "--role", role, "--key-out", str(key))
        return key


def postgres_binaries() -> Path | None:
    """Where the newest PostgreSQL server's programs are, if it is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return Path(found[-1]).parent if found else None


@contextlib.contextmanager
def postgres_cluster(folder: Path) -> Iterator[str]:
    """A throwaway PostgreSQL cluster; yields a URL without a database name."""
    binaries = postgres_binaries()
    assert binaries is not None
    port = free_port()
    as_user = ["su", "postgres", "-s", "/bin/sh", "-c"] if os.getuid() == 0 else ["sh", "-c"]
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        os.chmod(folder, 0o700)
    data = folder / "data"
    options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1 -c max_connections=200"
    subprocess.run([*as_user, f"{binaries}/initdb -D {data} -A trust -U postgres >/dev/null"], check=True, cwd="/")
    subprocess.run(
        [*as_user, f"{binaries}/pg_ctl -D {data} -o '{options}' -l {folder}/log -w start >/dev/null"],
        check=True,
        cwd="/",
    )
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    finally:
        subprocess.run([*as_user, f"{binaries}/pg_ctl -D {data} -m immediate stop >/dev/null"], check=False, cwd="/")
