"""Where every script starts: a client that acts for one user on one Corral server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx

from corral.errors import InvalidArgumentsError
from corral.records import signing
from corral.records.access import CloudIntegration
from corral.records.dataset import (
    DEFAULT_DATASET_ACCESS_SETTINGS,
    CreateDatasetPayload,
    CreateDatasetResponse,
    CreateDatasetResponseV2,
    DatasetAccessSettings,
    DatasetsWithUserRolesListParams,
    DatasetsWithUserRolesListResponse,
    DatasetWithUserRole,
)
from corral.records.storage import CloudSyncedFolderParams, StorageItemRecord
from corral.sdk import folder as folders
from corral.sdk.dataset import Dataset
from corral.sdk.folder import StorageFolder
from corral.sdk.integrations import Integrations
from corral.sdk.item import StorageItem
from corral.sdk.transport import Transport
from corral.vocabulary import FoldersSortBy, StorageItemType, StorageLocation

DEFAULT_DOMAIN = "http://127.0.0.1:8000"


class UserClient:
    """Acts for one user. Make it with one of the `create_with_...` methods; no request is sent before it is needed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def create_with_ssh_private_key(
        cls,
        ssh_private_key: str | None = None,
        password: str | None = None,
        *,
        ssh_private_key_path: str | Path | None = None,
        domain: str | None = None,
        timeout: float = 180.0,
        http: httpx.BaseTransport | None = None,
    ) -> UserClient:
        """A client that signs with an OpenSSH Ed25519 key, given as text or file.

        Without either, CORRAL_SSH_KEY_FILE and CORRAL_SSH_KEY (then the same with ENCORD_) are looked up; the
        address defaults to CORRAL_URL. Raises InvalidArgumentsError.
        """
        text = ssh_private_key
        if text is None:
            text = _key_text(ssh_private_key_path)
        key = signing.load_private_key(text, password)
        return cls(Transport(_domain(domain), private_key=key, timeout=timeout, http=http))

    @classmethod
    def create_with_bearer_token(cls, token: str, *, domain: str | None = None, timeout: float = 180.0) -> UserClient:
        """A client that uses a bearer token (see `get_bearer_token`)."""
        return cls(Transport(_domain(domain), token=token, timeout=timeout))

    def __enter__(self) -> UserClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def get_bearer_token(self) -> str:
        """A token that acts for this user for half a day. Raises CorralError."""
        return str(self._transport.rest("GET", "user/bearer-token")["token"])

    def create_dataset(
        self,
        dataset_title: str,
        dataset_type: StorageLocation = StorageLocation.CORD_STORAGE,
        dataset_description: str | None = None,
        create_backing_folder: bool = True,
    ) -> CreateDatasetResponse:
        """Make a dataset; `create_backing_folder` makes it a mirror of a folder of its own.

        Raises AuthorisationError, InvalidArgumentsError.
        """
        payload = CreateDatasetPayload(
            title=dataset_title, description=dataset_description, create_backing_folder=create_backing_folder
        )
        answer = self._transport.rest("POST", "datasets", body=payload.to_wire(), retry=True)
        made = CreateDatasetResponseV2.from_wire(answer)
        return CreateDatasetResponse(
            title=dataset_title,
            storage_location=int(dataset_type),
            dataset_hash=str(made.dataset_uuid),
            user_hash="",
            backing_folder_uuid=made.backing_folder_uuid,
        )

    def get_dataset(
        self,
        dataset_hash: str | UUID,
        dataset_access_settings: DatasetAccessSettings = DEFAULT_DATASET_ACCESS_SETTINGS,
        include_data_rows: bool = True,
    ) -> Dataset:
        """Open a dataset, with all its rows unless they are not wanted. Raises AuthorisationError."""
        settings = DatasetAccessSettings(
            fetch_client_metadata=dataset_access_settings.fetch_client_metadata,
            fetch_rows=dataset_access_settings.fetch_rows and include_data_rows,
        )
        return Dataset(self._transport, str(dataset_hash), settings)

    def get_datasets(
        self,
        title_eq: str | None = None,
        title_like: str | None = None,
        desc_eq: str | None = None,
        desc_like: str | None = None,
        created_before: str | datetime | None = None,
        created_after: str | datetime | None = None,
        edited_before: str | datetime | None = None,
        edited_after: str | datetime | None = None,
        include_org_access: bool = False,
        title_cont: str | None = None,
    ) -> list[DatasetWithUserRole]:
        """The datasets that fit all given conditions, newest first; `title_cont` finds titles with this text in them.

        `*_like` are SQL LIKE patterns that ignore case. Raises CorralError.
        """
        params = DatasetsWithUserRolesListParams.from_wire(
            {
                "title_eq": title_eq,
                "title_like": title_like,
                "title_cont": title_cont,
                "description_eq": desc_eq,
                "description_like": desc_like,
                "created_before": created_before,
                "created_after": created_after,
                "edited_before": edited_before,
                "edited_after": edited_after,
                "include_org_access": include_org_access,
            }
        )
        answer = self._transport.rest("GET", "datasets/list", params=params)
        return DatasetsWithUserRolesListResponse.from_wire(answer).result

    def create_storage_folder(
        self,
        name: str,
        description: str | None = None,
        client_metadata: dict[str, Any] | None = None,
        parent_folder: StorageFolder | UUID | None = None,
        cloud_synced_folder_params: CloudSyncedFolderParams | None = None,
    ) -> StorageFolder:
        """Make a folder at the root or below another, with parameters one that is kept in step with a bucket.

        Raises AuthorisationError, InvalidArgumentsError.
        """
        parent = parent_folder.uuid if isinstance(parent_folder, StorageFolder) else parent_folder
        synced = cloud_synced_folder_params
        return folders.create_folder(self._transport, name, description, client_metadata, parent, synced)

    def get_storage_folder(self, folder_uuid: UUID | str) -> StorageFolder:
        """One folder. Raises AuthorisationError."""
        return StorageFolder.fetch(self._transport, UUID(str(folder_uuid)))

    def list_storage_folders(
        self,
        *,
        search: str | None = None,
        dataset_synced: bool | None = None,
        org_access: bool | None = None,
        order: FoldersSortBy = FoldersSortBy.NAME,
        desc: bool = False,
        page_size: int = 100,
    ) -> Iterator[StorageFolder]:
        """The folders at the top, page by page."""
        return folders.list_folders(
            self._transport,
            "storage/folders",
            search=search,
            datasetSynced=dataset_synced,
            includeOrgAccess=org_access,
            order=order.value,
            desc=desc,
            pageSize=page_size,
        )

    def find_storage_folders(
        self,
        *,
        search: str | None = None,
        dataset_synced: bool | None = None,
        org_access: bool | None = None,
        order: FoldersSortBy = FoldersSortBy.NAME,
        desc: bool = False,
        page_size: int = 100,
    ) -> Iterator[StorageFolder]:
        """All folders, wherever they lie, page by page."""
        return folders.list_folders(
            self._transport,
            "storage/search/folders",
            search=search,
            datasetSynced=dataset_synced,
            includeOrgAccess=org_access,
            order=order.value,
            desc=desc,
            pageSize=page_size,
        )

    def get_storage_item(self, item_uuid: UUID | str, sign_url: bool = False) -> StorageItem:
        """One item. Raises AuthorisationError."""
        answer = self._transport.rest("GET", f"storage/items/{UUID(str(item_uuid))}", params={"signUrl": sign_url})
        return StorageItem(self._transport, StorageItemRecord.from_wire(answer))

    def get_storage_items(self, item_uuids: Sequence[UUID | str], sign_url: bool = False) -> list[StorageItem]:
        """Many items in the order asked for. Raises AuthorisationError when one is missing."""
        found: list[StorageItem] = []
        for start in range(0, len(item_uuids), 1000):
            body = {"itemUuids": [str(uuid) for uuid in item_uuids[start : start + 1000]], "signUrls": sign_url}
            page = self._transport.rest("POST", "storage/items/get-bulk", body=body, retry=True)
            found += [StorageItem(self._transport, StorageItemRecord.from_wire(item)) for item in page["results"]]
        return found

    def find_storage_items(
        self,
        *,
        search: str | None = None,
        is_in_dataset: bool | None = None,
        item_types: Sequence[StorageItemType] | None = None,
        org_access: bool | None = None,
        order: FoldersSortBy = FoldersSortBy.NAME,
        desc: bool = False,
        get_signed_urls: bool = False,
        page_size: int = 100,
    ) -> Iterator[StorageItem]:
        """Items wherever they lie, page by page; all given conditions must hold."""
        return folders.list_items(
            self._transport,
            "storage/search/items",
            search=search,
            isInDataset=is_in_dataset,
            itemTypes=None if item_types is None else [kind.value for kind in item_types],
            includeOrgAccess=org_access,
            order=order.value,
            desc=desc,
            signUrls=get_signed_urls,
            pageSize=page_size,
        )

    @property
    def integrations(self) -> Integrations:
        """Storage of yours that Corral reads in place: add, list, test, rotate, delete."""
        return Integrations(self._transport)

    def migrate_storage(
        self,
        items: Mapping[UUID, str | None] | None = None,
        urls: Mapping[str, str | None] | None = None,
        *,
        to_integration: str | UUID | None = None,
        from_integration: str | UUID | None = None,
        verify_access: bool = True,
        skip_missing: bool = False,
    ) -> None:
        """Point up to 1,000 items to other objects or another integration, all or none.

        `items` and `urls` give the new object URL (None: the same one) by item and by old URL. Raises CorralError.
        """
        body = {
            "itemsMap": {str(one): url for one, url in (items or {}).items()},
            "urlsMap": dict(urls or {}),
            "fromIntegrationHash": None if from_integration is None else str(from_integration),
            "toIntegrationHash": None if to_integration is None else str(to_integration),
            "validateAccess": verify_access,
            "skipMissing": skip_missing,
        }
        self._transport.rest("POST", "storage/items/migrate-storage", body=body)

    def get_cloud_integrations(
        self,
        filter_integration_uuids: Sequence[str | UUID] | None = None,
        filter_integration_titles: Sequence[str] | None = None,
        include_org_access: bool = False,
    ) -> list[CloudIntegration]:
        """The integrations that the user was given (administrators may ask for all); both filters must hold.

        Raises CorralError.
        """
        ids = None if filter_integration_uuids is None else [str(one) for one in filter_integration_uuids]
        params = {
            "filterIntegrationUuids": ids,
            "filterIntegrationTitles": filter_integration_titles,
            "includeOrgAccess": include_org_access,
        }
        answer = self._transport.rest("GET", "cloud-integrations", params=params)
        return [CloudIntegration.from_wire(entry) for entry in answer["result"]]


def _domain(domain: str | None) -> str:
    return domain or os.environ.get("CORRAL_URL") or DEFAULT_DOMAIN


def _key_text(path: str | Path | None) -> str:
    for prefix in ("CORRAL", "ENCORD"):
        path = path or os.environ.get(f"{prefix}_SSH_KEY_FILE")
        if path:
            try:
                return Path(path).expanduser().read_text()
            except OSError as error:
                raise InvalidArgumentsError(f"The private key cannot be read: {error}.") from None
        text = os.environ.get(f"{prefix}_SSH_KEY")
        if text:
            return text
    raise InvalidArgumentsError("No private key was given; pass ssh_private_key_path or set CORRAL_SSH_KEY_FILE.")
