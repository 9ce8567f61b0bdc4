"""Jobs that add data to a dataset, at the legacy door."""

from __future__ import annotations

import time
from typing import Any

from corral.errors import InvalidArgumentsError, OperationNotBuiltError
from corral.records.uploads import PostUploadJob
from corral.server.http import encoding
from corral.server.http.house import Call
from corral.server.ingest import commands, queries
from corral.server.ingest.queries import JobState
from corral.server.ingest.unit_specs import from_data_items
from corral.vocabulary import LongPollingStatus


def start_job(call: Call, payload: PostUploadJob) -> dict[str, str]:
    """datasetdatalongpolling/POST: start a job and answer with its id."""
    if payload.files is not None or payload.integration_id is not None:
        raise OperationNotBuiltError("Registering objects of a cloud integration is not built yet.")
    if payload.data_items is None:
        raise InvalidArgumentsError("The payload names nothing to add: dataItems is missing.")
    request = commands.JobRequest(
        units=from_data_items(payload.data_items),
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
    while True:
        state = await call.read(lambda: _state(call, job_id))
        left = deadline - time.monotonic()
        if state.status is not LongPollingStatus.PENDING or left <= 0:
            return encoding.dataset_job(state)
        await call.house.jobs.wait(job_id, left)


def _state(call: Call, job_id: str) -> JobState:
    with call.house.database.read() as tx:
        job = queries.find_job(call.caller, tx, job_id, dataset_id=call.dataset_id)
        return queries.job_state(tx, job)
