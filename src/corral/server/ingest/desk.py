"""What the ingest room needs at hand to turn bytes into items."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from corral.errors import InvalidArgumentsError
from corral.server import home
from corral.server.database import Database
from corral.server.integrations.sources import Sources
from corral.server.media.sandbox import MediaWorkers
from corral.server.settings import Limits, Settings
from corral.server.stores.local import LocalStore
from corral.server.stores.source import OpenedObject, SourceError
from corral.server.stores.url_signing import UrlSigner
from corral.server.vault import open_vault

_MOST_COPIED = 4 << 30


@dataclass(frozen=True)
class Desk:
    """The database, the platform's store, the media workers, the limits and the customers' storage."""

    database: Database
    store: LocalStore
    media: MediaWorkers
    limits: Limits
    sources: Sources
    signer: UrlSigner

    def open(self, item: Mapping[str, Any]) -> OpenedObject:
        """An item's bytes, wherever they lie; `item` needs object_key, url and integration_id.

        Raises FileNotFoundError where there is no single object, SourceError where Corral cannot or may not read it.
        """
        if item["object_key"] is not None:
            path = self.store.path(item["object_key"])
            file = open(path, "rb")
            return OpenedObject(file, path.stat().st_size, path=str(path))
        if item["url"] is None or item["integration_id"] is None:
            raise FileNotFoundError(item["id"])
        integration = self.sources.get(item["integration_id"])
        if integration.is_client_only:
            raise SourceError("This integration is strict client-only: Corral may not read the file.")
        return integration.source.open(item["url"])

    @contextmanager
    def local_copy(self, item: Mapping[str, Any]) -> Iterator[Path]:
        """A local path with an item's bytes: the file itself, or a copy for as long as the `with` block lasts.

        Raises what `open` raises.
        """
        opened = self.open(item)
        with opened.file:
            if opened.path is not None:
                yield Path(opened.path)
                return
            if opened.size > _MOST_COPIED:
                raise SourceError("This file is too large to be copied for that.")
            draft = self.store.draft()
            try:
                with open(draft, "wb") as copy:
                    shutil.copyfileobj(opened.file, copy, 1 << 20)
                yield draft
            finally:
                draft.unlink(missing_ok=True)


def open_desk(settings: Settings, database: Database) -> Desk:
    """Put everything together. Raises InvalidArgumentsError for a store it cannot use."""
    place = urlsplit(settings.store_url)
    if place.scheme != "file":
        raise InvalidArgumentsError(f"CORRAL_STORE_URL must be a file:// URL in this version, not {place.scheme}://.")
    signer = UrlSigner(settings.public_url, home.url_secret(settings.home))
    store = LocalStore(Path(unquote(place.path)), signer)
    media = MediaWorkers(size=settings.workers, timeout=settings.limits.probe_seconds)
    sources = Sources(database, settings, open_vault(settings.home, settings.secret_key), signer)
    return Desk(database, store, media, settings.limits, sources, signer)
