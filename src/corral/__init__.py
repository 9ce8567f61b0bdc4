"""Corral: the self-hosted dataset platform for multimodal AI data."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from corral.version import __version__

if TYPE_CHECKING:
    from corral import errors
    from corral.records.data_row import DataRow, ImagesDataFetchOptions
    from corral.records.dataset import DatasetAccessSettings
    from corral.sdk.dataset import Dataset
    from corral.sdk.storage import StorageFolder, StorageItem
    from corral.sdk.user_client import UserClient
    from corral.vocabulary import (
        DataLinkDuplicatesBehavior,
        DatasetUserRole,
        DataType,
        FoldersSortBy,
        LongPollingStatus,
        StorageItemType,
        StorageLocation,
    )

__all__ = [
    "DataLinkDuplicatesBehavior",
    "DataRow",
    "DataType",
    "Dataset",
    "DatasetAccessSettings",
    "DatasetUserRole",
    "FoldersSortBy",
    "ImagesDataFetchOptions",
    "LongPollingStatus",
    "StorageFolder",
    "StorageItem",
    "StorageItemType",
    "StorageLocation",
    "UserClient",
    "__version__",
    "errors",
]

_PLACES = {
    "UserClient": "corral.sdk.user_client",
    "Dataset": "corral.sdk.dataset",
    "StorageFolder": "corral.sdk.storage",
    "StorageItem": "corral.sdk.storage",
    "DataRow": "corral.records.data_row",
    "ImagesDataFetchOptions": "corral.records.data_row",
    "DatasetAccessSettings": "corral.records.dataset",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used: importing the package costs nothing."""
    if name == "errors":
        return importlib.import_module("corral.errors")
    if name not in __all__:
        raise AttributeError(f"module 'corral' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES.get(name, "corral.vocabulary")), name)
