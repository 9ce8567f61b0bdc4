"""Keeps objects as files below one folder; its URLs are signed by this server."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

from corral.errors import FileSizeNotSupportedError, InvalidArgumentsError
from corral.server.stores.url_signing import UrlSigner

# Keys are made by Corral alone; anything else is refused before it meets the file system.
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*")
_BUFFER = 1 << 20


class LocalStore:
    """Objects in a folder of this machine, served by `http/blobs`."""

    def __init__(self, root: Path, signer: UrlSigner) -> None:
        self._objects = root
        self._incoming = root / ".incoming"
        self._signer = signer
        self._incoming.mkdir(parents=True, exist_ok=True)

    def sign_get(self, key: str, *, mime_type: str | None, filename: str | None, seconds: int) -> str:
        """See Store.sign_get."""
        fields = {}
        if mime_type:
            fields["type"] = mime_type
        if filename:
            fields["name"] = filename
        return self._signer.sign("GET", f"/blobs/{key}", seconds=seconds, fields=fields)

    def sign_put(self, key: str, *, seconds: int) -> str:
        """See Store.sign_put."""
        return self._signer.sign("PUT", f"/blobs/{key}", seconds=seconds)

    def size(self, key: str) -> int | None:
        """See Store.size."""
        try:
            return self._place(key).stat().st_size
        except FileNotFoundError:
            return None

    def path(self, key: str) -> Path:
        """See Store.path."""
        place = self._place(key)
        if not place.is_file():
            raise FileNotFoundError(key)
        return place

    async def write(self, key: str, chunks: AsyncIterator[bytes], limit: int) -> int:
        """See Store.write: written beside its place, synced, then renamed."""
        place, draft = self._place(key), self._incoming / secrets.token_hex(16)
        size = 0
        try:
            with open(draft, "wb", buffering=0) as file:
                async for block in _blocks(chunks):
                    size += len(block)
                    if size > limit:
                        raise FileSizeNotSupportedError(f"This upload is larger than the limit of {limit} bytes.")
                    if len(block) < _BUFFER:
                        file.write(block)
                    else:
                        await asyncio.to_thread(file.write, block)
                await asyncio.to_thread(_publish, file.fileno(), draft, place)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return size

    def put(self, key: str, source: Path) -> int:
        """See Store.put."""
        place = self._place(key)
        with open(source, "rb") as file:
            _publish(file.fileno(), source, place)
        return place.stat().st_size

    def draft(self) -> Path:
        """See Store.draft."""
        return self._incoming / secrets.token_hex(16)

    def delete(self, key: str) -> None:
        """See Store.delete."""
        self._place(key).unlink(missing_ok=True)

    def sweep(self, older_than_seconds: float) -> int:
        """Remove drafts that no upload is writing any more; returns how many."""
        removed = 0
        for draft in self._incoming.iterdir():
            if draft.stat().st_mtime < time.time() - older_than_seconds:
                draft.unlink(missing_ok=True)
                removed += 1
        return removed

    def _place(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise InvalidArgumentsError("This is not a key of the platform's store.")
        return self._objects / key


async def _blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Gather small network chunks, so that a large upload costs few writes."""
    gathered: list[bytes] = []
    size = 0
    async for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= _BUFFER:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def _publish(descriptor: int, draft: Path, place: Path) -> None:
    os.fsync(descriptor)
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(draft, place)
    directory = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
