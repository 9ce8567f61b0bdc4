"""Runs jobs in threads of this process and wakes those who wait for them.

The ledger (tables `job` and `job_unit`) is the truth; this engine only decides when a job's work function is
called. A job whose process was killed is simply called again at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class JobRunner:
    """Calls `work(job_id)` for each job, at most `workers` at a time and never twice at once for one job."""

    def __init__(self, work: Callable[[str], None], workers: int) -> None:
        self._work = work
        self._threads = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="job")
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._waiters: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    def submit(self, job_id: str) -> None:
        """Run a job soon; a job that is waiting or running already is left alone."""
        with self._lock:
            if job_id in self._running:
                return
            self._running.add(job_id)
        self._threads.submit(self._run, job_id)

    def recover(self, job_ids: Iterable[str]) -> None:
        """Take up the jobs that an earlier process left unfinished."""
        for job_id in job_ids:
            self.submit(job_id)

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
        """Stop taking jobs and wait for those at work; they end at their next flush of units."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, job_id: str) -> None:
        try:
            self._work(job_id)
        except Exception:
            log.exception("job %s stopped; it will be taken up again at the next start", job_id)
        finally:
            with self._lock:
                self._running.discard(job_id)
            self.announce(job_id)
