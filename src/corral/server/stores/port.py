"""What Corral asks of a store of bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """A place for bytes under keys. An object is visible whole or not at all."""

    def sign_get(self, key: str, *, mime_type: str | None, filename: str | None, seconds: int) -> str:
        """A URL that reads this object, with ranges, until it expires. Arithmetic only: no I/O."""
        ...

    def sign_put(self, key: str, *, seconds: int) -> str:
        """A URL that writes this one key until it expires. Arithmetic only: no I/O."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes of the object, or None where there is none."""
        ...

    def path(self, key: str) -> Path:
        """A local file with the object's bytes. Raises FileNotFoundError where there is none."""
        ...

    async def write(self, key: str, chunks: AsyncIterator[bytes], limit: int) -> int:
        """Store the chunks durably under the key and return the size.

        Nothing becomes visible before all bytes are on disk. Raises FileSizeNotSupportedError over `limit` bytes.
        """
        ...

    def put(self, key: str, source: Path) -> int:
        """Move a finished local file under the key, durably; returns its size."""
        ...

    def draft(self) -> Path:
        """A local path at which a file for `put` may be written; what is left there is swept some day."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; no error where there is none."""
        ...
