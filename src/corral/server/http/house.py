"""What every door finds inside: settings, database, store, media workers and jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

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

    def signed_get(self, object_key: str | None, mime_type: str | None, filename: str | None) -> str | None:
        """A signed URL of an object in the platform's store, None where there is no single object."""
        if object_key is None:
            return None
        seconds = self.house.settings.limits.signed_url_seconds
        return self.house.store.sign_get(object_key, mime_type=mime_type, filename=filename, seconds=seconds)
