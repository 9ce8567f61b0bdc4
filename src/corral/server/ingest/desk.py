"""What the ingest room needs at hand to turn bytes into items."""

from __future__ import annotations

from dataclasses import dataclass

from corral.server.database import Database
from corral.server.media.sandbox import MediaWorkers
from corral.server.settings import Limits
from corral.server.stores.port import Store


@dataclass(frozen=True)
class Desk:
    """The database, the platform's store, the media workers and the limits."""

    database: Database
    store: Store
    media: MediaWorkers
    limits: Limits
