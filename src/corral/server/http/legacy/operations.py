"""The operations of the legacy door, as data."""

from __future__ import annotations

from corral.records import access
from corral.records.uploads import PostUploadJob
from corral.server.http.legacy import datasets, uploads
from corral.server.http.operations import Operation

OPERATIONS = (
    Operation("GET", "dataset", "a dataset with its data rows", datasets.get_dataset, transaction="own"),
    Operation("GET", "datarows", "data rows of a dataset by filters", datasets.list_rows, transaction="own"),
    Operation("GET", "datarow", "one data row with signed URLs and metadata", datasets.get_row, quick=True),
    Operation("POST", "datarow", "save a data row", datasets.save_row, transaction="write"),
    Operation(
        "POST",
        "datasetusers",
        "add users to a dataset",
        datasets.add_users,
        access.AddDatasetUsers,
        transaction="write",
    ),
    Operation(
        "POST",
        "datasetdatalongpolling",
        "start a job that adds data to a dataset",
        uploads.start_job,
        PostUploadJob,
        transaction="own",
        creates=True,
    ),
    Operation("GET", "datasetdatalongpolling", "wait for a job", uploads.poll_job, transaction="own"),
    Operation(
        "POST",
        "datasetlinkitems",
        "link storage items to a dataset",
        datasets.link_items,
        transaction="write",
        creates=True,
    ),
    Operation("DELETE", "video", "delete data rows", datasets.delete_rows, transaction="write"),
    Operation("POST", "video", "rename data rows", datasets.rename_rows, transaction="write"),
    Operation("PUT", "reencodevideotask", "start re-encoding videos"),
    Operation("GET", "reencodevideotask", "state of a re-encoding task"),
    Operation("GET", "imagegroupocr", "read text from an image group (older SDK versions)"),
)
