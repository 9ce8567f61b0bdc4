"""Opens integrations: turns their settings and credentials into storage that can be read, and keeps it at hand."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from corral.errors import AuthorisationError
from corral.server.database import Database
from corral.server.integrations import queries
from corral.server.integrations.kinds import KINDS
from corral.server.settings import Settings
from corral.server.stores.directory import DirectorySource
from corral.server.stores.source import Source
from corral.server.stores.url_signing import UrlSigner
from corral.server.vault import Vault
from corral.vocabulary import StorageLocationName

# Rotated credentials reach every process within this time.
_KEPT_SECONDS = 10.0


@dataclass(frozen=True)
class OpenedIntegration:
    """An integration ready for use."""

    id: str
    source: Source
    location: StorageLocationName
    is_client_only: bool
    url_seconds: int


class Sources:
    """Every opened integration of one server; threads may share it."""

    def __init__(self, database: Database, settings: Settings, vault: Vault, signer: UrlSigner) -> None:
        self._database = database
        self._settings = settings
        self.vault = vault
        self._signer = signer
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[float, str, OpenedIntegration]] = {}

    def get(self, integration_id: str) -> OpenedIntegration:
        """The integration. Raises AuthorisationError when it is gone, InvalidArgumentsError under another key."""
        kept = self._opened.get(integration_id)
        if kept is not None and kept[0] > time.monotonic():
            return kept[2]
        with self._database.glance() as tx:
            row = queries.find(tx, integration_id)
        if row is None:
            raise AuthorisationError("The integration of this item was removed.")
        with self._lock:
            kept = self._opened.get(integration_id)
            same = kept is not None and kept[1] == row["last_edited_at"]
            opened = kept[2] if kept is not None and same else self._open(row)
            self._opened[integration_id] = (time.monotonic() + _KEPT_SECONDS, row["last_edited_at"], opened)
        return opened

    def _open(self, row: dict[str, Any]) -> OpenedIntegration:
        return OpenedIntegration(
            id=row["id"],
            source=self._source(row),
            location=KINDS[row["kind"]].location,
            is_client_only=bool(row["is_client_only"]),
            url_seconds=row["url_seconds"],
        )

    def _source(self, row: dict[str, Any]) -> Source:
        settings, kind = json.loads(row["settings"]), row["kind"]
        if kind == "local":
            return DirectorySource(settings["root"], row["id"], self._signer)
        if kind == "direct":
            from corral.server.stores.web import WebSource

            return WebSource(self._settings.direct_networks)
        # Loaded when first needed: a Corral without buckets starts faster.
        from corral.server.stores.buckets import BucketSource

        return BucketSource(kind, settings, self.vault.unlock(row["credentials"]))
