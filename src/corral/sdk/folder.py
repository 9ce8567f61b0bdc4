"""A live storage folder: what lies in it, where it lies, and uploads into it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from corral.errors import InvalidArgumentsError
from corral.records.storage import (
    CloudSyncedFolderParams,
    CloudSyncState,
    FolderSummary,
    PathElement,
    StorageFolderRecord,
    StorageItemRecord,
)
from corral.sdk import waiting
from corral.sdk.folder_uploads import FolderUploads
from corral.sdk.item import StorageItem
from corral.sdk.transport import Transport
from corral.vocabulary import (
    CloudSyncStatus,
    FoldersSortBy,
    LongPollingStatus,
    StorageFolderType,
    StorageItemType,
    StorageUserRole,
)


class StorageFolder(FolderUploads):
    """A folder of storage items and other folders."""

    def __init__(self, transport: Transport, record: StorageFolderRecord) -> None:
        self._transport = transport
        self._record = record

    @classmethod
    def fetch(cls, transport: Transport, folder_uuid: UUID) -> StorageFolder:
        """Read one folder. Raises AuthorisationError."""
        return cls(transport, StorageFolderRecord.from_wire(transport.rest("GET", f"storage/folders/{folder_uuid}")))

    def __repr__(self) -> str:
        return f"StorageFolder(uuid={self.uuid}, name={self.name!r})"

    @property
    def uuid(self) -> UUID:
        """The folder's identifier."""
        return self._record.uuid

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def description(self) -> str:
        """The description."""
        return self._record.description

    @property
    def client_metadata(self) -> dict[str, Any]:
        """The client metadata as it was when the folder was fetched."""
        metadata: dict[str, Any] = json.loads(self._record.client_metadata or "{}")
        return metadata

    @property
    def owner(self) -> str:
        """E-mail of the user who made the folder."""
        return self._record.owner

    @property
    def created_at(self) -> datetime:
        """When the folder was made, UTC."""
        return self._record.created_at

    @property
    def last_edited_at(self) -> datetime:
        """When the folder was last changed, UTC."""
        return self._record.last_edited_at

    @property
    def user_role(self) -> StorageUserRole:
        """The caller's role on the folder."""
        return self._record.user_role

    @property
    def synced_dataset_hash(self) -> UUID | None:
        """The mirror dataset that the folder is kept in step with, if any."""
        return self._record.synced_dataset_hash

    @property
    def folder_type(self) -> StorageFolderType:
        """What keeps the folder filled."""
        return self._record.folder_type

    @property
    def remote_url(self) -> str | None:
        """What a cloud-synced folder is kept in step with; None for other folders."""
        return self._record.remote_url

    def enable_metadata_ingestion(self, suffix: str = ".metadata.json", *, paused: bool = False) -> None:
        """Attach the JSON file beside each object (its path with this suffix) as client metadata, at every sync.

        While `paused`, such files are neither attached nor taken in as data. Raises CorralError.
        """
        path = f"storage/folders/{self.uuid}/folder-config"
        config = self._transport.rest("GET", path)
        config["metadataIngestion"] = {"matcher": {"mode": "suffix", "suffix": suffix}, "paused": paused}
        self._transport.rest("POST", path, body=config)

    def sync_private_data_with_cloud_synced_folder_start(self) -> UUID:
        """Start bringing the folder in step with its bucket; returns the sync's id.

        Raises InvalidArgumentsError when the folder is no cloud-synced one or its bucket cannot be listed.
        """
        return UUID(self._transport.rest("POST", f"storage/folders/{self.uuid}/cloud-synced-folder-syncs"))

    def sync_private_data_with_cloud_synced_folder_get_result(
        self, sync_job_uuid: UUID, timeout_seconds: float = waiting.WEEK_SECONDS
    ) -> CloudSyncState:
        """Where a sync stands, once it is over or time is up."""
        path = f"storage/folders/{self.uuid}/cloud-linked-folder-syncs/{sync_job_uuid}/long-polling"
        pending = CloudSyncStatus.PENDING
        return waiting.wait(
            lambda hold: CloudSyncState.from_wire(self._transport.rest("GET", path, params={"timeoutSeconds": hold})),
            lambda state: LongPollingStatus.PENDING if state.status is pending else LongPollingStatus.DONE,
            timeout_seconds,
            self._transport.hold_seconds,
        )

    @property
    def path_to_root(self) -> list[PathElement]:
        """The folders above, nearest first."""
        return self._record.path_to_root

    @property
    def parent(self) -> StorageFolder | None:
        """The folder above; None at the root."""
        return None if self._record.parent is None else StorageFolder.fetch(self._transport, self._record.parent)

    def refetch_data(self) -> None:
        """Read the folder anew, in place. Raises AuthorisationError."""
        self._record = StorageFolder.fetch(self._transport, self.uuid)._record

    def get_summary(self) -> FolderSummary:
        """Counts and bytes of what lies directly in the folder."""
        return FolderSummary.from_wire(self._transport.rest("GET", f"storage/folders/{self.uuid}/summary"))

    def create_subfolder(
        self, name: str, description: str | None = None, client_metadata: dict[str, Any] | None = None
    ) -> StorageFolder:
        """Make a folder in this one. Raises AuthorisationError, InvalidArgumentsError."""
        return create_folder(self._transport, name, description, client_metadata, self.uuid)

    def list_subfolders(
        self,
        *,
        search: str | None = None,
        dataset_synced: bool | None = None,
        order: FoldersSortBy = FoldersSortBy.NAME,
        desc: bool = False,
        page_size: int = 100,
    ) -> Iterator[StorageFolder]:
        """The folders directly in this one, page by page."""
        return list_folders(
            self._transport,
            f"storage/folders/{self.uuid}/folders",
            search=search,
            datasetSynced=dataset_synced,
            order=order.value,
            desc=desc,
            pageSize=page_size,
        )

    def find_subfolders(
        self,
        *,
        search: str | None = None,
        dataset_synced: bool | None = None,
        order: FoldersSortBy = FoldersSortBy.NAME,
        desc: bool = False,
        page_size: int = 100,
    ) -> Iterator[StorageFolder]:
        """All folders below this one, page by page."""
        return list_folders(
            self._transport,
            f"storage/folders/{self.uuid}/folders",
            search=search,
            isRecursive=True,
            datasetSynced=dataset_synced,
            order=order.value,
            desc=desc,
            pageSize=page_size,
        )

    def list_items(
        self,
        *,
        search: str | None = None,
        is_in_dataset: bool | None = None,
        item_types: Sequence[StorageItemType] | None = None,
        order: FoldersSortBy = FoldersSortBy.NAME,
        get_signed_urls: bool = False,
        include_client_metadata: bool = True,
        desc: bool = False,
        page_size: int = 100,
    ) -> Iterator[StorageItem]:
        """The items directly in this folder, page by page; all given conditions must hold."""
        return list_items(
            self._transport,
            f"storage/folders/{self.uuid}/items",
            search=search,
            isInDataset=is_in_dataset,
            itemTypes=None if item_types is None else [kind.value for kind in item_types],
            order=order.value,
            signUrls=get_signed_urls,
            includeClientMetadata=include_client_metadata,
            desc=desc,
            pageSize=page_size,
        )

    def find_items(
        self,
        *,
        search: str | None = None,
        is_in_dataset: bool | None = None,
        item_types: Sequence[StorageItemType] | None = None,
        order: FoldersSortBy = FoldersSortBy.NAME,
        get_signed_urls: bool = False,
        desc: bool = False,
        page_size: int = 100,
    ) -> Iterator[StorageItem]:
        """The items in this folder and all below, page by page."""
        return list_items(
            self._transport,
            f"storage/folders/{self.uuid}/items",
            isRecursive=True,
            search=search,
            isInDataset=is_in_dataset,
            itemTypes=None if item_types is None else [kind.value for kind in item_types],
            order=order.value,
            signUrls=get_signed_urls,
            desc=desc,
            pageSize=page_size,
        )

    def update(
        self,
        name: str | None = None,
        description: str | None = None,
        client_metadata: dict[str, Any] | None = None,
    ) -> None:
        """Change what is given; client metadata is replaced. Raises AuthorisationError."""
        changes = {
            key: value
            for key, value in (("name", name), ("description", description), ("clientMetadata", client_metadata))
            if value is not None
        }
        if changes:
            answer = self._transport.rest("PATCH", f"storage/folders/{self.uuid}", body=changes)
            self._record = StorageFolderRecord.from_wire(answer)

    def move_to_folder(self, target_folder: StorageFolder | UUID | None) -> None:
        """Move the folder with all that is in it below another one, or to the root (None).

        Raises AuthorisationError, InvalidArgumentsError.
        """
        body: dict[str, Any] = {"folderUuids": [str(self.uuid)]}
        if target_folder is not None:
            body["newParentUuid"] = str(target_folder if isinstance(target_folder, UUID) else target_folder.uuid)
        self._transport.rest("POST", "storage/folders/move", body=body)
        self.refetch_data()

    def move_items_to_folder(
        self,
        target_folder: StorageFolder | UUID,
        items_to_move: Sequence[StorageItem | UUID],
        allow_mirror_dataset_changes: bool = False,
    ) -> None:
        """Move items that lie directly in this folder. Raises AuthorisationError, OperationNotAllowed."""
        target = target_folder if isinstance(target_folder, UUID) else target_folder.uuid
        body = {
            "itemUuids": [str(item if isinstance(item, UUID) else item.uuid) for item in items_to_move],
            "newParentUuid": str(target),
            "allowSyncedDatasetMove": allow_mirror_dataset_changes,
        }
        self._transport.rest("POST", f"storage/folders/{self.uuid}/items/move", body=body)

    def delete_storage_items(self, item_uuids: Sequence[UUID], remove_unused_frames: bool = True) -> None:
        """Delete items that lie directly in this folder, from every dataset too.

        Raises AuthorisationError, OperationNotAllowed.
        """
        if not item_uuids:
            raise InvalidArgumentsError("Name at least one item to delete.")
        body = {"childUuids": [str(uuid) for uuid in item_uuids], "removeUnusedFrames": remove_unused_frames}
        self._transport.rest("POST", f"storage/folders/{self.uuid}/items/delete", body=body)

    def delete(self) -> None:
        """Delete the folder with everything below it. Raises AuthorisationError, OperationNotAllowed."""
        self._transport.rest("DELETE", f"storage/folders/{self.uuid}")


def create_folder(
    transport: Transport,
    name: str,
    description: str | None,
    client_metadata: dict[str, Any] | None,
    parent: UUID | None,
    synced: CloudSyncedFolderParams | None = None,
) -> StorageFolder:
    """Make a folder below `parent` or at the root. Raises AuthorisationError, InvalidArgumentsError."""
    body: dict[str, Any] = {"name": name}
    if description is not None:
        body["description"] = description
    if client_metadata is not None:
        body["clientMetadata"] = json.dumps(client_metadata)
    if parent is not None:
        body["parent"] = str(parent)
    if synced is not None:
        body["cloudSyncedFolderParams"] = synced.to_wire()
    answer = transport.rest("POST", "storage/folders", body=body, retry=True)
    return StorageFolder(transport, StorageFolderRecord.from_wire(answer))


def list_folders(transport: Transport, path: str, **params: Any) -> Iterator[StorageFolder]:
    """Folders of a listing, page by page."""
    for record in _pages(transport, path, params):
        yield StorageFolder(transport, StorageFolderRecord.from_wire(record))


def list_items(transport: Transport, path: str, **params: Any) -> Iterator[StorageItem]:
    """Items of a listing, page by page."""
    for record in _pages(transport, path, params):
        yield StorageItem(transport, StorageItemRecord.from_wire(record))


def _pages(transport: Transport, path: str, params: dict[str, Any]) -> Iterator[Any]:
    if not 1 <= int(params.get("pageSize", 100)) <= 1000:
        raise InvalidArgumentsError("page_size must be between 1 and 1000.")
    token = None
    while True:
        page = transport.rest("GET", path, params={**params, "pageToken": token})
        yield from page["results"]
        token = page.get("nextPageToken")
        if token is None:
            return
