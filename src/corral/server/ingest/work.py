"""Works jobs off: one worker takes units in batches, reads them, writes down what came out, until nothing is left.

Any number of workers may do this at once, in one process or on many machines, and any of them may be killed at any
moment: what it held goes to another one, and what it had written down stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from corral.errors import CorralError
from corral.server.database import Transaction
from corral.server.ingest import duplicates, job_book, ledger, queueing, sidecars, syncing
from corral.server.ingest.desk import Desk
from corral.server.ingest.job_book import Job, Part
from corral.server.ingest.ledger import LedgerUnit, Outcome
from corral.server.ingest.probing import Probed
from corral.server.ingest.reading import Read, Reader
from corral.server.ingest.settling import Settled, settle_units
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.integrations.sources import OpenedIntegration

_SETTLE_BATCH = 1000
_SMALLEST_BATCH, _LARGEST_BATCH = 8, 1000
# A batch should end in about this many seconds, so that progress shows and little is read twice after a crash.
_QUICK, _SLOW = 0.5, 2.0


class Workbench:
    """One worker's place: its name in the ledger, its readers and how much it takes at a time."""

    def __init__(self, desk: Desk, worker_id: str, over: Callable[[str], None]) -> None:
        self._desk = desk
        self._id = worker_id
        self._over = over
        self._size = 50
        self._reader = Reader(desk)

    def round(self) -> bool:
        """Do one batch of every job that has something to do; returns whether there was anything."""
        with self._desk.database.read() as tx:
            jobs = job_book.unfinished(tx)
        progressed = [self._step(job_id) for job_id in jobs]  # every job gets its turn
        return any(progressed)

    def close(self) -> None:
        """Stop the readers."""
        self._reader.close()

    def _step(self, job_id: str) -> bool:
        part, batch = None, list[LedgerUnit]()
        with self._desk.database.write(durable=False) as tx:
            job = job_book.read(tx, job_id)
            if not job.is_over:
                part = None if job.is_unpacked else job_book.claim_part(tx, job_id, self._id)
                batch = [] if part else ledger.claim(tx, job_id, self._id, self._size)
        if job.is_over:
            return False
        if part is not None and part.content["section"] == syncing.SCAN:
            syncing.scan(self._desk, job, part, self._id)
        elif part is not None and part.content["section"] == sidecars.SECTION:
            sidecars.attach(self._desk, job, part, self._id)
        elif part is not None:
            self._work_part(job, part)
        elif batch:
            self._work(job, batch)
        else:
            return self._settle_or_end(job)
        return True

    def _work_part(self, job: Job, part: Part) -> None:
        """Read a part of a large request and write its units down once, when it is known what became of them."""
        units = queueing.read_part(self._desk, part.content, of_sync=job.is_sync)
        good = [unit for unit in units if isinstance(unit, UnitSpec)]
        first, integration = part.content["first"], self._integration(job)
        # A part that was on the table when workers died is taken apart, so that the one bad unit can be found.
        suspect = part.attempts >= ledger.SUSPECT_ATTEMPTS
        if suspect or not isinstance(integration, OpenedIntegration) or not all(map(queueing.is_plain, good)):
            with self._desk.database.write() as tx:
                if job_book.finish_part(tx, job.id, part, self._id):
                    queueing.write(self._desk, tx, job, units, first)
            return
        with self._desk.database.glance() as tx:
            items = queueing.repeated(tx, job, good)
        wanted, read = [], dict[int, Read]()
        for unit, item in zip(good, items, strict=True):
            problem = queueing.set_titles(unit, integration) if item is None else None
            if problem is not None:
                read[id(unit)] = problem
            elif item is None:
                wanted.append(unit)
        read |= zip(map(id, wanted), self._reader.read_all(job.caller, wanted, integration), strict=True)
        with self._desk.database.write() as tx:
            if job_book.finish_part(tx, job.id, part, self._id):
                queueing.upsert_metadata(tx, job, good, items)
                self._write_part(tx, job, units, read, first)

    def _write_part(
        self, tx: Transaction, job: Job, units: list[UnitSpec | str], read: dict[int, Read], first: int
    ) -> None:
        results = [queueing.broken(unit) if isinstance(unit, str) else read.get(id(unit)) for unit in units]
        made = self._settled(tx, job, [one[0] for one in results if isinstance(one, list) and len(one) == 1])
        outcomes = []
        for unit, result in zip(units, results, strict=True):
            if isinstance(result, Outcome):
                outcomes.append(result)
            elif isinstance(unit, str) or result is None:  # the folder has it already
                outcomes.append(Outcome(UnitSpec("image", None, []) if isinstance(unit, str) else unit, "DONE"))
            elif isinstance(result, str):
                outcomes.append(Outcome(unit, "ERROR", error=result))
            elif job.ignore_errors and len(result) == 1:
                one = made[id(result[0])]
                outcomes.append(Outcome(result[0].unit, "DONE", item_id=one.item_id, data_row_id=one.data_row_id))
            else:
                outcomes.append(ledger.was_read(result[0]))
                ledger.write_added(tx, job.id, result[1:])
        ledger.write_units(tx, job.id, outcomes, first)

    def _settled(self, tx: Transaction, job: Job, probed: list[Probed]) -> dict[int, Settled]:
        """With `ignore_errors`, units become items as they are read."""
        if not job.ignore_errors:
            return {}
        return dict(zip(map(id, probed), self._settle(tx, job, probed), strict=True))

    def _work(self, job: Job, batch: list[LedgerUnit]) -> None:
        start = time.monotonic()
        integration = self._integration(job)
        results: list[Read]
        if isinstance(integration, str):
            results = [integration] * len(batch)
        else:
            results = self._reader.read_all(job.caller, [unit.spec for unit in batch], integration)
        with self._desk.database.write() as tx:
            mine = ledger.still_mine(tx, self._id, batch)
            self._note(tx, job, [one for one in zip(batch, results, strict=True) if one[0].id in mine])
        taken = time.monotonic() - start
        if taken > _SLOW:
            self._size = max(_SMALLEST_BATCH, self._size // 2)
        elif taken < _QUICK and len(batch) == self._size:
            self._size = min(_LARGEST_BATCH, self._size * 2)

    def _integration(self, job: Job) -> OpenedIntegration | str | None:
        """The job's integration, None where it has none, or why it cannot be opened."""
        try:
            return self._desk.sources.get(job.target.integration_id) if job.target.integration_id else None
        except CorralError as error:
            return error.message

    def _note(self, tx: Transaction, job: Job, results: list[tuple[LedgerUnit, Read]]) -> None:
        good: list[tuple[LedgerUnit, list[Probed]]] = []
        for unit, outcome in results:
            if isinstance(outcome, str):
                ledger.fail(tx, unit, outcome)
            else:
                good.append((unit, outcome))
        if job.ignore_errors and all(len(made) == 1 for _, made in good):
            made = self._settle(tx, job, [probed[0] for _, probed in good])
            ledger.write_done(tx, [(unit.id, one) for (unit, _), one in zip(good, made, strict=True)])
        else:
            ledger.write_facts(tx, job.id, good)

    def _settle(self, tx: Transaction, job: Job, probed: list[Probed]) -> list[Settled]:
        """Make items, except of what the folder got meanwhile."""
        integration = self._integration(job)
        target = job.target.in_place(integration if isinstance(integration, OpenedIntegration) else None)
        if not job.skip_duplicate_urls or target.integration_id is None:
            return settle_units(job.caller, tx, target, probed)
        duplicates.lock(tx, target.folder_id)
        found = duplicates.find(tx, target.folder_id, [one.unit for one in probed])
        seen: set[tuple[str, ...]] = set()
        new = []
        for one, item_id in zip(probed, found, strict=True):
            urls = tuple(one.unit.urls)
            if item_id is None and urls not in seen:
                seen.add(urls)
                new.append(one)
        made = dict(zip(map(id, new), settle_units(job.caller, tx, target, new), strict=True))
        return [made.get(id(one), Settled(None, None)) for one in probed]

    def _settle_or_end(self, job: Job) -> bool:
        """Nothing is left to read: make the items that wait for that, then end the job; False if others still read."""
        with self._desk.database.write() as tx:
            job_book.lock(tx, job.id)
            if job_book.read(tx, job.id).is_over or job_book.has_parts(tx, job.id):
                return False
            if ledger.has(tx, job.id, "RUNNING") or ledger.has(tx, job.id, "PENDING"):
                return False
            if ledger.has(tx, job.id, "ERROR") and not job.ignore_errors:
                ledger.drop_open_units(tx, job.id)
                job_book.end(tx, job.id, "ERROR")
            elif ready := ledger.ready(tx, job.id, _SETTLE_BATCH):
                made = self._settle(tx, job, [probed for _, probed in ready])
                ledger.write_done(tx, [(one, settled) for (one, _), settled in zip(ready, made, strict=True)])
                return True
            else:
                job_book.end(tx, job.id, "DONE")
        self._over(job.id)
        return True
