"""Upload slots and jobs at the REST door."""

from __future__ import annotations

import time
from typing import Any

from starlette.concurrency import run_in_threadpool

from corral.errors import InvalidArgumentsError
from corral.records.storage import ReserveDatasetSlots, ReserveSlots
from corral.records.uploads import PollJob, PostUploadJob
from corral.server.http import encoding
from corral.server.http.house import Call
from corral.server.ingest import commands, queries, shapes, slots
from corral.server.ingest.queries import JobState
from corral.server.storage import folder_queries


def reserve_for_dataset(call: Call, wanted: ReserveDatasetSlots) -> dict[str, Any]:
    """GET presigned-urls: upload slots that belong to no folder yet."""
    limits = call.house.settings.limits
    reserved = slots.reserve(
        call.caller,
        call.tx,
        wanted.upload_item_type,
        wanted.count,
        seconds=limits.slot_seconds,
        most=limits.slots_per_request,
    )
    return _slots(call, reserved)


def reserve_in_folder(call: Call, wanted: ReserveSlots) -> dict[str, Any]:
    """POST storage/folders/{folder}/upload-signed-urls: upload slots in a folder."""
    limits = call.house.settings.limits
    folder_id = folder_queries.require_role(call.caller, call.tx, call.path["folder"], admin=True)
    reserved = slots.reserve(
        call.caller,
        call.tx,
        wanted.item_type,
        wanted.count,
        seconds=limits.slot_seconds,
        most=limits.slots_per_request,
        folder_id=folder_id,
    )
    return _slots(call, reserved)


def _slots(call: Call, reserved: list[slots.Slot]) -> dict[str, Any]:
    seconds = call.house.settings.limits.slot_seconds
    return encoding.page(
        [
            {
                "itemUuid": slot.item_id,
                "objectKey": slot.object_key,
                "signedUrl": call.house.store.sign_put(slot.object_key, seconds=seconds),
                "uploadHeaders": {},
            }
            for slot in reserved
        ]
    )


def start_job(call: Call, payload: PostUploadJob) -> str:
    """POST storage/folders/{folder}/data-upload-jobs: start a job and answer with its id."""
    asked = payload.data_items if payload.data_items is not None else payload.external_files
    if asked is None:
        raise InvalidArgumentsError("The body names nothing to add: dataItems or externalFiles is missing.")
    request = commands.JobRequest(
        asked=shapes.read(asked),
        integration_id=None if payload.integration_hash is None else str(payload.integration_hash),
        ignore_errors=payload.ignore_errors,
        folder_id=call.path["folder"],
        title=payload.file_name,
        request_digest=call.request_digest or None,
    )
    return commands.register(call.caller, call.house.desk, call.house.jobs, request)


async def poll_job(call: Call, wanted: PollJob) -> dict[str, Any]:
    """GET storage/folders/{folder}/data-upload-jobs/{job}: the state, held until the job is over or time is up."""
    deadline = time.monotonic() + min(wanted.timeout_seconds, call.house.settings.limits.long_poll_seconds)
    await call.read(lambda: _find(call))
    while (left := deadline - time.monotonic()) > 0 and not await call.read(lambda: _is_over(call)):
        await call.house.jobs.wait(call.path["job"], left)
    # A job may have made a million items: no loop that serves others should wait for its result.
    state = await run_in_threadpool(_state, call)
    return encoding.folder_job(state)


def _find(call: Call) -> None:
    with call.house.database.glance() as tx:
        queries.find_job(call.caller, tx, call.path["job"], folder_id=call.path["folder"])


def _is_over(call: Call) -> bool:
    with call.house.database.glance() as tx:
        return queries.is_over(tx, call.path["job"])


def _state(call: Call) -> JobState:
    with call.house.database.glance() as tx:
        job = queries.find_job(call.caller, tx, call.path["job"], folder_id=call.path["folder"])
        return queries.job_state(tx, job)


def cancel_job(call: Call, _payload: None) -> dict[str, int]:
    """POST storage/folders/{folder}/data-upload-jobs/{job}/cancel: stop a job; finished units stay."""
    cancelled = commands.cancel(call.caller, call.tx, call.path["job"], call.path["folder"])
    call.after_commit.append(lambda: call.house.jobs.announce(call.path["job"]))
    return {"unitsCancelledCount": cancelled}
