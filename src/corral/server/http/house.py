"""What every door finds inside: settings, database, store, media workers and jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from corral.server.access.callers import Caller
from corral.server.database import Database, Transaction
from corral.server.ingest.desk import Desk
from corral.server.jobs import JobRunner
from corral.server.settings import Settings
from corral.server.storage import removal
from corral.server.stores.local import LocalStore
from corral.server.stores.url_signing import UrlSigner

T = TypeVar("T")


@dataclass(frozen=True)
class House:
    """One running Corral."""

    settings: Settings
    database: Database
    store: LocalStore
    signer: UrlSigner
    desk: Desk
    jobs: JobRunner

    def signed_get(self, item: Mapping[str, Any]) -> str | None:
        """A signed URL of an item's bytes, wherever they lie; None where there is no single object.

        `item` needs object_key, url, integration_id, mime_type and name.
        """
        mime_type, filename = item["mime_type"], item["name"]
        if item["object_key"] is not None:
            seconds = self.settings.limits.signed_url_seconds
            return self.store.sign_get(item["object_key"], mime_type=mime_type, filename=filename, seconds=seconds)
        if item["url"] is None or item["integration_id"] is None:
            return None
        opened = self.desk.sources.get(item["integration_id"])
        seconds = opened.url_seconds
        return opened.source.sign_get(item["url"], mime_type=mime_type, filename=filename, seconds=seconds)


@dataclass
class Call:
    """One request on its way through a door: who asks, in which transaction, with what.

    `tx` is set for operations that run in one transaction; `after_commit` runs once it has been committed.
    """

    house: House
    caller: Caller = field(init=False)
    request_digest: str = ""
    path: dict[str, str] = field(default_factory=dict)
    dataset_id: str = ""
    uid: object = None
    _tx: Transaction | None = None
    after_commit: list[Callable[[], object]] = field(default_factory=list)

    @property
    def tx(self) -> Transaction:
        """The transaction of this request."""
        if self._tx is None:
            raise RuntimeError("this operation opens its own transactions")
        return self._tx

    def inside(self, tx: Transaction) -> Call:
        """The same call, in this transaction."""
        self._tx = tx
        return self

    async def read(self, look: Callable[[], T]) -> T:
        """Run a short read: at once where the database is a local file, else in a thread."""
        return look() if self.house.database.is_sqlite else await run_in_threadpool(look)

    def clean_store_after_commit(self) -> None:
        """Delete from the store, once this request is committed, what no item uses any more."""
        house = self.house
        self.after_commit.append(lambda: removal.delete_doomed_objects(house.database, house.store))

    def signed_get(self, item: Mapping[str, Any]) -> str | None:
        """See House.signed_get."""
        return self.house.signed_get(item)
