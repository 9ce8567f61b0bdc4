"""The operations of the REST door, as data."""

from __future__ import annotations

from corral.records import access, dataset, storage, uploads
from corral.records import integrations as records
from corral.server.http.operations import Operation
from corral.server.http.v2 import datasets, folders, integrations, items, syncs
from corral.server.http.v2 import uploads as jobs
from corral.server.http.v2.planned import PLANNED

_FOLDER = "storage/folders/{folder}"
_ITEM = "storage/folders/{folder}/items/{item}"
_JOBS = "storage/folders/{folder}/data-upload-jobs"

_DATASETS = (
    Operation("GET", "user/bearer-token", "a bearer token", datasets.bearer_token, transaction="write"),
    Operation(
        "GET", "datasets/list", "datasets by filters", datasets.list_datasets, dataset.DatasetsWithUserRolesListParams
    ),
    Operation(
        "POST",
        "datasets",
        "create a dataset",
        datasets.create_dataset,
        dataset.CreateDatasetPayload,
        transaction="write",
        creates=True,
    ),
    Operation("GET", "datasets/{dataset}/users", "users of a dataset", datasets.list_users),
    Operation(
        "POST",
        "datasets/{dataset}/users/bulk-delete",
        "remove users from a dataset",
        datasets.remove_users,
        access.UserEmails,
        transaction="write",
    ),
    Operation("GET", "cloud-integrations", "cloud integrations", datasets.list_integrations, access.ListIntegrations),
)

_FOLDERS = (
    Operation("GET", "storage/folders", "folders at the root", folders.list_root, storage.ListFolders),
    Operation(
        "POST",
        "storage/folders",
        "create a folder",
        folders.create_folder,
        storage.CreateFolder,
        transaction="write",
        creates=True,
    ),
    Operation(
        "POST",
        "storage/folders/move",
        "move folders",
        folders.move_folders,
        storage.MoveFolders,
        transaction="write",
    ),
    Operation(
        "PATCH",
        "storage/folders/patch-bulk",
        "update many folders",
        folders.update_many,
        storage.PatchFoldersBulk,
        transaction="write",
    ),
    Operation("GET", _FOLDER, "one folder", folders.get_folder, quick=True),
    Operation("PATCH", _FOLDER, "update a folder", folders.update_folder, storage.PatchFolder, transaction="write"),
    Operation("DELETE", _FOLDER, "delete a folder", folders.delete_folder, transaction="write"),
    Operation("GET", f"{_FOLDER}/folders", "folders below a folder", folders.list_below, storage.ListFolders),
    Operation("GET", f"{_FOLDER}/summary", "counts of a folder", folders.summary),
    Operation("GET", "storage/search/folders", "find folders anywhere", folders.search, storage.ListFolders),
)

_ITEMS = (
    Operation("GET", f"{_FOLDER}/items", "items of a folder", items.list_items, storage.ListItems),
    Operation(
        "POST",
        f"{_FOLDER}/items/delete",
        "delete items",
        items.delete_items,
        storage.DeleteItems,
        transaction="write",
    ),
    Operation("POST", f"{_FOLDER}/items/move", "move items", items.move_items, storage.MoveItems, transaction="write"),
    Operation("PATCH", _ITEM, "update an item", items.update_item, storage.PatchItem, transaction="write"),
    Operation("GET", f"{_ITEM}/summary", "where an item is used", items.usage),
    Operation("GET", f"{_ITEM}/child-items", "parts of a group or series", items.children, storage.SignUrls),
    Operation("GET", "storage/search/items", "find items anywhere", items.search, storage.ListItems),
    Operation("GET", "storage/items/{item}", "one item", items.get_item, storage.SignUrl, quick=True),
    Operation("POST", "storage/items/get-bulk", "many items", items.get_many, storage.GetItemsBulk),
    Operation(
        "PATCH",
        "storage/items/patch-bulk",
        "update many items",
        items.update_many,
        storage.PatchItemsBulk,
        transaction="write",
    ),
)

_MIGRATION = Operation(
    "POST",
    "storage/items/migrate-storage",
    "point items to other objects",
    items.migrate_storage,
    storage.MigrateStorage,
    transaction="own",
)

_UPLOADS = (
    Operation(
        "GET",
        "presigned-urls",
        "upload slots for a dataset",
        jobs.reserve_for_dataset,
        storage.ReserveDatasetSlots,
        transaction="write",
        durable=False,
        quick=True,
    ),
    Operation(
        "POST",
        f"{_FOLDER}/upload-signed-urls",
        "upload slots in a folder",
        jobs.reserve_in_folder,
        storage.ReserveSlots,
        transaction="write",
        durable=False,
        quick=True,
    ),
    Operation(
        "POST",
        _JOBS,
        "start a job that adds data to a folder",
        jobs.start_job,
        uploads.PostUploadJob,
        transaction="own",
        creates=True,
    ),
    Operation("GET", f"{_JOBS}/{{job}}", "wait for a job", jobs.poll_job, uploads.PollJob, transaction="own"),
    Operation("POST", f"{_JOBS}/{{job}}/cancel", "cancel a job", jobs.cancel_job, transaction="write"),
)

_SYNCS = (
    Operation("GET", f"{_FOLDER}/folder-config", "configuration of a folder", syncs.get_config),
    Operation(
        "POST",
        f"{_FOLDER}/folder-config",
        "configure a folder",
        syncs.set_config,
        storage.FolderConfig,
        transaction="write",
    ),
    Operation(
        "POST",
        f"{_FOLDER}/cloud-synced-folder-syncs",
        "start a sync with a bucket",
        syncs.start_sync,
        transaction="own",
    ),
    Operation(
        "GET",
        f"{_FOLDER}/cloud-linked-folder-syncs/{{job}}/long-polling",
        "wait for a sync with a bucket",
        syncs.poll_sync,
        uploads.PollJob,
        transaction="own",
    ),
)

_INTEGRATION = "corral/integrations/{integration}"
_INTEGRATIONS = (
    Operation("GET", "corral/integrations", "integrations with their settings", integrations.list_all),
    Operation(
        "POST",
        "corral/integrations",
        "add an integration",
        integrations.add,
        records.AddIntegration,
        transaction="write",
    ),
    Operation(
        "PATCH",
        _INTEGRATION,
        "rotate credentials",
        integrations.rotate,
        records.RotateIntegration,
        transaction="write",
    ),
    Operation("DELETE", _INTEGRATION, "delete an integration", integrations.remove, transaction="write"),
    Operation(
        "POST",
        f"{_INTEGRATION}/test",
        "read an object through an integration",
        integrations.read_object,
        records.ReadObject,
        transaction="own",
    ),
)

# What the vendor's protocol has no requests for.
OWN = _INTEGRATIONS
OPERATIONS = (*_DATASETS, *_FOLDERS, *_ITEMS, _MIGRATION, *_UPLOADS, *_SYNCS, *PLANNED, *OWN)
