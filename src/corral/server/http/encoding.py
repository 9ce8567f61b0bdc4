"""Turns rows of the rooms into the JSON objects of the REST wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from corral.server.ingest.queries import JobState
from corral.vocabulary import StorageItemType

Row = Mapping[str, Any]
Sign = Callable[[Row], str | None]


def folder(row: Row) -> dict[str, Any]:
    """A folder as the wire carries it; client metadata travels as JSON text."""
    return {
        "uuid": row["id"],
        "parent": row["parent_id"],
        "name": row["name"],
        "description": row["description"],
        "clientMetadata": row["client_metadata"],
        "owner": row["owner"],
        "createdAt": row["created_at"],
        "lastEditedAt": row["last_edited_at"],
        "userRole": row["role"],
        "syncedDatasetHash": row["synced_dataset_id"],
        "pathToRoot": [
            {
                "uuid": above["id"],
                "parentUuid": above["parent_id"],
                "name": above["name"],
                "syncedDatasetHash": above["synced_dataset_id"],
            }
            for above in row["path"]
        ],
        "folderType": row["folder_type"],
        "integrationHash": row["integration_id"],
        "remoteUrl": row["remote_url"],
    }


def item(row: Row, signed_url: str | None) -> dict[str, Any]:
    """An item as the wire carries it: every key is there, null where it does not apply."""
    settings = row["timeseries_settings"]
    return {
        "uuid": row["id"],
        "parent": row["folder_id"],
        "itemType": row["item_type"],
        "name": row["name"],
        "description": row["description"],
        "clientMetadata": row["client_metadata"],
        "owner": row["owner"],
        "createdAt": row["created_at"],
        "lastEditedAt": row["last_edited_at"],
        "isTombstone": bool(row["is_tombstone"]),
        "isPlaceholder": False,
        "backedDataUnitsCount": row["data_units"],
        "storageLocation": row["storage_location"],
        "integrationHash": row["integration_id"],
        "url": row["url"] or row["object_key"],
        "signedUrl": signed_url,
        "fileSize": row["file_size"],
        "mimeType": row["mime_type"],
        "duration": row["duration"],
        "fps": row["fps"],
        "height": row["height"],
        "width": row["width"],
        "dicomInstanceUid": row["dicom_instance_uid"],
        "dicomStudyUid": row["dicom_study_uid"],
        "dicomSeriesUid": row["dicom_series_uid"],
        "frameCount": row["frame_count"],
        "audioSampleRate": row["audio_sample_rate"],
        "audioBitDepth": row["audio_bit_depth"],
        "audioCodec": row["audio_codec"],
        "audioNumChannels": row["audio_num_channels"],
        "pageCount": row["page_count"],
        "facts": json.loads(row["extra_facts"]),
        "timeseriesSettings": json.loads(settings) if settings else None,
    }


def page(results: list[Any], token: str | None = None) -> dict[str, Any]:
    """A page as the wire carries it; the last one has a null token."""
    return {"results": results, "nextPageToken": token}


# Summary keys of the wire for each item type; the vendor's client knows no counter for the types left out.
_COUNTERS = {
    "videos": StorageItemType.VIDEO,
    "images": StorageItemType.IMAGE,
    "imageGroups": StorageItemType.IMAGE_GROUP,
    "imageSequences": StorageItemType.IMAGE_SEQUENCE,
    "dicomFiles": StorageItemType.DICOM_FILE,
    "dicomSeries": StorageItemType.DICOM_SERIES,
    "niftis": StorageItemType.NIFTI,
    "audios": StorageItemType.AUDIO,
    "pdfs": StorageItemType.PDF,
    "plainTexts": StorageItemType.PLAIN_TEXT,
    "scenes": StorageItemType.SCENE,
    "timeSeries": StorageItemType.TIMESERIES,
    "groups": StorageItemType.GROUP,
}


def folder_summary(row: Row) -> dict[str, Any]:
    """Counts and bytes of a folder."""
    counts = {key: row["by_type"].get(item_type.value, 0) for key, item_type in _COUNTERS.items()}
    return {
        **counts,
        "files": row["files"],
        "folders": row["folders"],
        "tombstones": row["tombstones"],
        "uploadJobs": row["upload_jobs"],
        "totalSize": row["total_size"],
    }


def item_usage(row: Row) -> dict[str, Any]:
    """Which groups and datasets hold an item."""
    return {
        "frameInGroups": row["group_count"],
        "accessibleGroupItems": [
            {
                "uuid": group["id"],
                "name": group["name"],
                "parentUuid": group["folder_id"],
                "parentName": group["folder_name"],
                "itemType": group["item_type"],
            }
            for group in row["groups"]
        ],
        "usedInDatasets": row["dataset_count"],
        "accessibleDatasets": [
            {
                "datasetHash": dataset["id"],
                "backingFolderUuid": dataset["backing_folder_id"],
                "title": dataset["title"],
                "dataHashes": dataset["data_hashes"],
                "dataUnitsCreatedAt": dataset["created_at"],
            }
            for dataset in row["datasets"]
        ],
        "groupLayout": None,
    }


def folder_job(state: JobState) -> dict[str, Any]:
    """A job as the folder routes report it."""
    return {
        "status": state.status.value,
        "itemsWithNames": [{"itemUuid": one, "name": name, "url": url} for one, _, name, url in state.made],
        "errors": [failure.error for failure in state.failures],
        "unitsPendingCount": state.pending,
        "unitsDoneCount": state.done,
        "unitsErrorCount": state.failed,
        "unitsCancelledCount": state.cancelled,
        "unitErrors": [
            {
                "objectUrls": list(failure.urls),
                "error": failure.error,
                "subtaskUuid": failure.unit_id,
                "actionDescription": failure.action,
            }
            for failure in state.failures
        ],
        "fileName": state.title,
    }


def dataset_job(state: JobState) -> dict[str, Any]:
    """A job as the legacy dataset door reports it (snake_case)."""
    return {
        "status": state.status.value,
        "data_hashes_with_titles": [
            {"data_hash": data_hash, "title": name, "backing_item_uuid": item_id, "url": url}
            for item_id, data_hash, name, url in state.made
        ],
        "errors": [failure.error for failure in state.failures],
        "data_unit_errors": [
            {
                "object_urls": list(failure.urls),
                "error": failure.error,
                "subtask_uuid": failure.unit_id,
                "action_description": failure.action,
            }
            for failure in state.failures
        ],
        "units_pending_count": state.pending,
        "units_done_count": state.done,
        "units_error_count": state.failed,
        "units_cancelled_count": state.cancelled,
    }
