"""Works jobs off: one worker takes units in batches, reads them, writes down what came out, until nothing is left.

Any number of workers may do this at once, in one process or on many machines, and any of them may be killed at any
moment: what it held goes to another one, and what it had written down stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from corral.errors import CorralError
from corral.server.database import Transaction
from corral.server.ingest import duplicates, job_book, ledger, queueing
from corral.server.ingest.desk import Desk
from corral.server.ingest.job_book import Job
from corral.server.ingest.ledger import LedgerUnit
from corral.server.ingest.probing import Probed, UnitError, needs_child, probe_unit
from corral.server.ingest.sequencing import make_sequences
from corral.server.ingest.settling import Settled, settle_units
from corral.server.integrations.sources import OpenedIntegration
from corral.server.stores.directory import DirectorySource
from corral.vocabulary import StorageItemType

_AT_ONCE = 16
_SETTLE_BATCH = 500
_SMALLEST_BATCH, _LARGEST_BATCH = 8, 1000
# A batch should end in about this many seconds, so that progress shows and little is read twice after a crash.
_QUICK, _SLOW = 0.5, 2.0

_Result = tuple[LedgerUnit, list[Probed] | str]


class Workbench:
    """One worker's place: its name in the ledger, its readers and how much it takes at a time."""

    def __init__(self, desk: Desk, worker_id: str, over: Callable[[str], None]) -> None:
        self._desk = desk
        self._id = worker_id
        self._over = over
        self._size = 50
        self._readers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reader")

    def round(self) -> bool:
        """Do one batch of every job that has something to do; returns whether there was anything."""
        with self._desk.database.read() as tx:
            jobs = job_book.unfinished(tx)
        progressed = [self._step(job_id) for job_id in jobs]  # every job gets its turn
        return any(progressed)

    def close(self) -> None:
        """Stop the readers."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _step(self, job_id: str) -> bool:
        with self._desk.database.write(durable=False) as tx:
            job = job_book.read(tx, job_id)
            batch = [] if job.is_over else ledger.claim(tx, job_id, self._id, self._size)
        if job.is_over:
            return False
        if batch:
            self._work(job, batch)
            return True
        return self._unpack(job) or self._settle_or_end(job)

    def _work(self, job: Job, batch: list[LedgerUnit]) -> None:
        start = time.monotonic()
        results = self._read(job, batch)
        with self._desk.database.write() as tx:
            mine = ledger.still_mine(tx, self._id, batch)
            self._note(tx, job, [result for result in results if result[0].id in mine])
        taken = time.monotonic() - start
        if taken > _SLOW:
            self._size = max(_SMALLEST_BATCH, self._size // 2)
        elif taken < _QUICK and len(batch) == self._size:
            self._size = min(_LARGEST_BATCH, self._size * 2)

    def _read(self, job: Job, batch: list[LedgerUnit]) -> list[_Result]:
        try:
            integration = self._integration(job)
        except CorralError as error:
            return [(unit, error.message) for unit in batch]

        def read(unit: LedgerUnit) -> _Result:
            return unit, self._outcome(job, unit, integration)

        # Headers of local files are read faster than threads can be woken.
        local = integration is not None and isinstance(integration.source, DirectorySource)
        alone = local and not any(needs_child(unit.spec) for unit in batch)
        mapped: Iterable[_Result] = map(read, batch) if alone else self._readers.map(read, batch)
        return list(mapped)

    def _integration(self, job: Job) -> OpenedIntegration | None:
        return self._desk.sources.get(job.target.integration_id) if job.target.integration_id else None

    def _outcome(self, job: Job, unit: LedgerUnit, integration: OpenedIntegration | None) -> list[Probed] | str:
        try:
            probed = probe_unit(self._desk, unit.spec, integration)
            if unit.spec.item_type is StorageItemType.IMAGE_SEQUENCE:
                return make_sequences(self._desk, job.caller, probed, integration)
            return [probed]
        except UnitError as error:
            return str(error)

    def _note(self, tx: Transaction, job: Job, results: list[_Result]) -> None:
        good: list[tuple[LedgerUnit, list[Probed]]] = []
        for unit, outcome in results:
            if isinstance(outcome, str):
                ledger.fail(tx, unit, outcome)
            else:
                good.append((unit, outcome))
        if job.ignore_errors and all(len(made) == 1 for _, made in good):
            self._settle(tx, job, [(unit.id, made[0]) for unit, made in good])
        else:
            ledger.write_facts(tx, job.id, good)

    def _settle(self, tx: Transaction, job: Job, ready: list[tuple[str, Probed]]) -> None:
        """Make items, except of what the folder got meanwhile from another job."""
        if not ready:
            return
        target = job.target.in_place(self._integration(job))
        new = ready
        if job.skip_duplicate_urls and target.integration_id is not None:
            found = duplicates.find(tx, target.folder_id, [probed.unit for _, probed in ready])
            seen: set[tuple[str, ...]] = set()
            new = []
            for entry, item_id in zip(ready, found, strict=True):
                urls = tuple(entry[1].unit.urls)
                if item_id is not None or urls in seen:
                    ledger.write_done(tx, [(entry[0], Settled(None, None))])
                else:
                    seen.add(urls)
                    new.append(entry)
        made = settle_units(job.caller, tx, target, [probed for _, probed in new])
        ledger.write_done(tx, [(unit_id, one) for (unit_id, _), one in zip(new, made, strict=True)])

    def _unpack(self, job: Job) -> bool:
        if job.is_unpacked:
            return False
        with self._desk.database.write() as tx:
            job_book.lock(tx, job.id)
            part = None if job_book.read(tx, job.id).is_over else job_book.take_part(tx, job.id)
            if part is None:
                job_book.set_unpacked(tx, job.id)
            else:
                queueing.unpack(self._desk, tx, job, part)
        return True

    def _settle_or_end(self, job: Job) -> bool:
        """Nothing is left to read: make the items that wait for that, then end the job; False if others still read."""
        with self._desk.database.write() as tx:
            job_book.lock(tx, job.id)
            if job_book.read(tx, job.id).is_over:
                return False
            if ledger.has(tx, job.id, "RUNNING") or ledger.has(tx, job.id, "PENDING"):
                return False
            if ledger.has(tx, job.id, "ERROR") and not job.ignore_errors:
                ledger.drop_open_units(tx, job.id)
                job_book.end(tx, job.id, "ERROR")
            else:
                ready = ledger.ready(tx, job.id, _SETTLE_BATCH)
                if ready:
                    self._settle(tx, job, ready)
                    return True
                job_book.end(tx, job.id, "DONE")
        self._over(job.id)
        return True
