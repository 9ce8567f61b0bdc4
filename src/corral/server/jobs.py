"""Keeps worker processes that work jobs off, and wakes those who wait for a job.

The ledger (tables `job` and `job_unit`) is the truth; workers take from it what they find. This only starts them when
there is something to do, replaces one that died and passes on their word that a job is over. Workers on other machines
(`corral worker`) need none of it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

_RESTART_SECONDS = 0.5


class JobRunner:
    """A few worker processes of this server, started with the first job."""

    def __init__(
        self, workers: int, environment: Mapping[str, str], died: Callable[[str], None] = lambda worker_id: None
    ) -> None:
        self._size = max(1, workers)
        self._environment = dict(environment)
        self._died = died
        self._lock = threading.Lock()
        self._closed = False
        self._workers: list[_Worker] = []
        self._waiters: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    def submit(self, job_id: str) -> None:
        """Have a job worked off that is in the ledger."""
        self.wake()

    def wake(self) -> None:
        """Start the workers if they are not there, else tell them to look for work."""
        with self._lock:
            if self._closed:
                return
            while len(self._workers) < self._size:
                self._workers.append(_Worker(self))
            workers = list(self._workers)
        for worker in workers:
            worker.wake()

    def announce(self, job_id: str) -> None:
        """Wake everybody who waits for this job."""
        with self._lock:
            waiters = self._waiters.pop(job_id, [])
        for loop, event in waiters:
            loop.call_soon_threadsafe(event.set)

    async def wait(self, job_id: str, seconds: float) -> None:
        """Return when the job is announced, or after `seconds`; holds no thread and no connection.

        Wakes at least once a second: another process may be the one that ends the job.
        """
        event = asyncio.Event()
        with self._lock:
            self._waiters.setdefault(job_id, []).append((asyncio.get_running_loop(), event))
        try:
            await asyncio.wait_for(event.wait(), min(seconds, 1.0))
        except TimeoutError:
            with self._lock:
                left = [waiter for waiter in self._waiters.get(job_id, []) if waiter[1] is not event]
                if left:
                    self._waiters[job_id] = left
                else:
                    self._waiters.pop(job_id, None)

    def close(self) -> None:
        """Let the workers finish the batch that they are at, then end them."""
        with self._lock:
            self._closed = True
            workers, self._workers = self._workers, []
        for worker in workers:
            worker.stop()

    def command(self) -> subprocess.Popen[str]:
        """Start one worker process: it ends when its standard input does."""
        return subprocess.Popen(
            [sys.executable, "-m", "corral.server.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._environment},
            text=True,
            bufsize=1,
        )

    def ended(self, worker: _Worker, worker_id: str) -> None:
        """A worker process has ended; unless that was meant, another one takes its place."""
        if worker_id:
            self._died(worker_id)
        with self._lock:
            if self._closed or worker not in self._workers:
                return
            self._workers.remove(worker)
        log.warning("a worker process ended; its units go to another one")
        threading.Timer(_RESTART_SECONDS, self.wake).start()


class _Worker:
    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner
        self._process = runner.command()
        threading.Thread(target=self._listen, name="worker", daemon=True).start()

    def wake(self) -> None:
        try:
            assert self._process.stdin is not None
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass  # it ended; whoever listens to it starts another one

    def stop(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        """The first line names the worker, every other one a job that is over."""
        assert self._process.stdout is not None
        worker_id = self._process.stdout.readline().strip()
        for line in self._process.stdout:
            self._runner.announce(line.strip())
        self._process.wait()
        self._runner.ended(self, worker_id)
