"""The same behaviour through two SDKs: the vendor's, unmodified, and Corral's own."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

NAMES = ("vendor", "corral")


def names_of(sdk: str) -> SimpleNamespace:
    """Enums, records and error classes of an SDK, under the names that both use."""
    if sdk == "vendor":
        datasets = importlib.import_module("encord.orm.dataset")
        storage = importlib.import_module("encord.orm.storage")
        errors = importlib.import_module("encord.exceptions")
        job_error = errors.EncordException
        data_type = importlib.import_module("encord.constants.enums").DataType
    else:
        datasets = importlib.import_module("corral.records.dataset")
        storage = importlib.import_module("corral.vocabulary")
        errors = importlib.import_module("corral.errors")
        job_error, data_type = errors.JobError, datasets.DataType
    return SimpleNamespace(
        sdk=sdk,
        StorageLocation=datasets.StorageLocation,
        DatasetUserRole=datasets.DatasetUserRole,
        Duplicates=datasets.DataLinkDuplicatesBehavior,
        ImagesDataFetchOptions=datasets.ImagesDataFetchOptions,
        DatasetAccessSettings=datasets.DatasetAccessSettings,
        ItemType=storage.StorageItemType,
        DataType=data_type,
        AuthorisationError=errors.AuthorisationError,
        AuthenticationError=errors.AuthenticationError,
        ResourceExistsError=errors.ResourceExistsError,
        InvalidArgumentsError=errors.InvalidArgumentsError,
        JobError=job_error,
    )


def connect(sdk: str, url: str, key: Path) -> Any:
    """A user client of an SDK."""
    if sdk == "vendor":
        client = importlib.import_module("encord").EncordUserClient
    else:
        client = importlib.import_module("corral").UserClient
    return client.create_with_ssh_private_key(ssh_private_key_path=str(key), domain=url)


def data_hash(uploaded: Any) -> str:
    """The data hash of an upload's answer: a dict in the vendor's SDK, an object in ours."""
    return str(uploaded["data_hash"] if isinstance(uploaded, dict) else uploaded.data_hash)


def dataset_hash(listed: Any) -> str:
    """The identifier of an entry of the dataset listing."""
    return str(listed["dataset"].dataset_hash if isinstance(listed, dict) else listed.dataset_uuid)
