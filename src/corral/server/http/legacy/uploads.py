"""Jobs that add data to a dataset, at the legacy door."""

from __future__ import annotations

import time
from typing import Any

from starlette.concurrency import run_in_threadpool

from corral.errors import InvalidArgumentsError
from corral.records.uploads import PostUploadJob
from corral.server.http import encoding
from corral.server.http.house import Call
from corral.server.ingest import commands, queries, shapes
from corral.server.ingest.queries import JobState


def start_job(call: Call, payload: PostUploadJob) -> dict[str, str]:
    """datasetdatalongpolling/POST: start a job and answer with its id."""
    asked = payload.data_items if payload.data_items is not None else payload.files
    if asked is None:
        raise InvalidArgumentsError("The payload names nothing to add: dataItems or files is missing.")
    request = commands.JobRequest(
        asked=shapes.read(asked),
        integration_id=None if payload.integration_id is None else str(payload.integration_id),
        ignore_errors=payload.ignore_errors,
        dataset_id=call.dataset_id,
        folder_id=None if payload.folder_uuid is None else str(payload.folder_uuid),
        title=payload.file_name,
        request_digest=call.request_digest or None,
    )
    return {"process_hash": commands.register(call.caller, call.house.desk, call.house.jobs, request)}


async def poll_job(call: Call, payload: Any) -> dict[str, Any]:
    """datasetdatalongpolling/GET: the job's state, held until it is over or the client's time is up."""
    fields = payload if isinstance(payload, dict) else {}
    seconds = fields.get("timeout_seconds") or 0
    if not isinstance(seconds, (int, float)):
        raise InvalidArgumentsError("timeout_seconds must be a number.")
    limit = call.house.settings.limits.long_poll_seconds
    deadline = time.monotonic() + min(float(seconds), limit)
    job_id = str(fields.get("process_hash"))
    await call.read(lambda: _find(call, job_id))
    while (left := deadline - time.monotonic()) > 0 and not await call.read(lambda: _is_over(call, job_id)):
        await call.house.jobs.wait(job_id, left)
    return encoding.dataset_job(await run_in_threadpool(_state, call, job_id))


def _find(call: Call, job_id: str) -> None:
    with call.house.database.glance() as tx:
        queries.find_job(call.caller, tx, job_id, dataset_id=call.dataset_id)


def _is_over(call: Call, job_id: str) -> bool:
    with call.house.database.glance() as tx:
        return queries.is_over(tx, job_id)


def _state(call: Call, job_id: str) -> JobState:
    with call.house.database.read() as tx:
        job = queries.find_job(call.caller, tx, job_id, dataset_id=call.dataset_id)
        return queries.job_state(tx, job)
