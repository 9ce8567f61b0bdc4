"""The live objects of the storage: folders and items."""

from corral.sdk.folder import StorageFolder
from corral.sdk.item import StorageItem

__all__ = ["StorageFolder", "StorageItem"]
