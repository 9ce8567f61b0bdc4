"""Syncs of folders with their buckets at the REST door."""

from __future__ import annotations

import time
from typing import Any

from starlette.concurrency import run_in_threadpool

from corral.records.storage import CloudSyncState, FolderConfig
from corral.records.uploads import PollJob
from corral.server.http.house import Call
from corral.server.ingest import queries, sidecars, syncing
from corral.server.storage import folder_queries
from corral.vocabulary import CloudSyncStatus, LongPollingStatus


def get_config(call: Call, _payload: None) -> dict[str, Any]:
    """GET storage/folders/{folder}/folder-config: the folder's configuration as it was written."""
    folder_id = folder_queries.require_role(call.caller, call.tx, call.path["folder"], admin=False)
    return sidecars.read_config(call.tx, folder_id)


def set_config(call: Call, payload: FolderConfig) -> None:
    """POST storage/folders/{folder}/folder-config: write the folder's configuration, also what is unknown here."""
    folder_id = folder_queries.require_role(call.caller, call.tx, call.path["folder"], admin=True)
    sidecars.write_config(call.tx, folder_id, payload.whole())


def start_sync(call: Call, _payload: None) -> str:
    """POST storage/folders/{folder}/cloud-synced-folder-syncs: start a sync and answer with its id."""
    return syncing.start(call.caller, call.house.desk, call.house.jobs, call.path["folder"])


async def poll_sync(call: Call, wanted: PollJob) -> dict[str, object]:
    """GET storage/folders/{folder}/cloud-linked-folder-syncs/{job}/long-polling: its state, held until it is over."""
    job_id = call.path["job"]
    deadline = time.monotonic() + min(wanted.timeout_seconds, call.house.settings.limits.long_poll_seconds)
    state = await run_in_threadpool(_state, call)
    while (left := deadline - time.monotonic()) > 0 and state.status is CloudSyncStatus.PENDING:
        await call.house.jobs.wait(job_id, left)
        state = await run_in_threadpool(_state, call)
    return state.to_wire()


def _state(call: Call) -> CloudSyncState:
    with call.house.database.glance() as tx:
        job = queries.find_job(call.caller, tx, call.path["job"], folder_id=call.path["folder"])
        units = queries.job_state(tx, job)
        place = syncing.read_scan(tx, job["id"])
        left, is_scanning = queries.waiting_parts(tx, job["id"])
    failed = units.status is LongPollingStatus.ERROR
    return CloudSyncState(
        status=CloudSyncStatus(units.status.value.lower()),
        scan_pages_processing_pending=int(is_scanning),
        scan_pages_processing_done=place.pages,
        scan_pages_processing_error=int(failed),
        scan_pages_processing_cancelled=0,
        upload_jobs_pending=left,
        upload_jobs_done=place.parts - left,
        upload_jobs_error=0,
        upload_jobs_units_pending=units.pending,
        upload_jobs_units_done=units.done,
        upload_jobs_units_error=units.failed,
        upload_jobs_units_cancelled=units.cancelled,
    )
