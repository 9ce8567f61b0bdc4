"""Works a job off: takes units in batches, reads them, writes down what came out, until the job is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from corral.server.access.callers import Caller
from corral.server.ingest import ledger
from corral.server.ingest.desk import Desk
from corral.server.ingest.probing import Probed, UnitError, probe_unit
from corral.server.ingest.sequencing import make_sequences
from corral.vocabulary import StorageItemType

_AT_ONCE = 4


def run_job(desk: Desk, job_id: str) -> None:
    """Work a job off. Safe to stop anywhere and to call again: at most one batch is read twice, nothing is lost."""
    with desk.database.read() as tx:
        job = ledger.read_job(tx, job_id)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe") as readers:
        while not job.is_over:
            with desk.database.write() as tx:
                job = ledger.read_job(tx, job_id)
                batch = [] if job.is_over else ledger.take_batch(tx, job_id)
            outcomes = list(readers.map(partial(_outcome, desk, job.caller), batch))
            with desk.database.write() as tx:
                job = ledger.read_job(tx, job_id)
                if job.is_over:  # cancelled while we were reading
                    return
                for unit, outcome in zip(batch, outcomes, strict=True):
                    ledger.note(tx, job_id, unit, outcome)
                ledger.finish_batch(job.caller, tx, job_id, job.target)
                if ledger.finish_job(job.caller, tx, job_id, job.target):
                    return


def _outcome(desk: Desk, caller: Caller, unit: ledger.LedgerUnit) -> list[Probed] | str:
    try:
        probed = probe_unit(desk, unit.spec)
        if unit.spec.item_type is StorageItemType.IMAGE_SEQUENCE:
            return make_sequences(desk, caller, probed)
        return [probed]
    except UnitError as error:
        return str(error)
