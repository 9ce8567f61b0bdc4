"""A database of its own for property tests of listings, filled without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Database, Transaction
from corral.server.datasets import commands as datasets
from corral.server.identifiers import new_id
from corral.server.media.facts import Facts
from corral.server.storage import folder_commands, item_commands
from corral.server.tables import migration


@dataclass
class Library:
    """One organisation with one administrator; items and datasets are added in the tests."""

    database: Database
    caller: Caller
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def folder(self, tx: Transaction, parent: str | None = None, name: str = "folder") -> str:
        """A new folder."""
        return folder_commands.create_folder(self.caller, tx, name, parent_id=parent)

    def item(self, tx: Transaction, folder: str, name: str, kind: str = "image", created_at: str = "") -> str:
        """A new item."""
        row = item_commands.new_item(self.caller, folder, new_id(), kind, name, Facts("image/jpeg", 1, 2, 3))
        if created_at:
            row["created_at"] = created_at
        item_commands.insert_items(tx, [row], {})
        self.made[row["id"]] = row
        return str(row["id"])

    def dataset(self, tx: Transaction, title: str, item_ids: list[str]) -> str:
        """A new dataset that holds these items."""
        dataset_id, _ = datasets.create_dataset(self.caller, tx, title, with_folder=False)
        now = clock.now()
        rows = [{"id": new_id(), "dataset_id": dataset_id, "item_id": item_id, "now": now} for item_id in item_ids]
        datasets.add_rows(tx, dataset_id, rows)
        return dataset_id


def new_library(url: str) -> Library:
    """An empty library in a new database."""
    database = Database(url)
    migration.upgrade(database)
    caller = Caller(new_id(), new_id(), "admin@localhost", "ADMIN")
    values = {**caller.scope, "now": clock.now(), "email": caller.email, "role": caller.role}
    with database.write() as tx:
        tx.execute(sa.text("INSERT INTO organisation VALUES (:organisation_id, 'o', :now)"), values)
        tx.execute(
            sa.text(
                "INSERT INTO corral_user (id, organisation_id, email, role, created_at, last_edited_at)"
                " VALUES (:user_id, :organisation_id, :email, :role, :now, :now)"
            ),
            values,
        )
    return Library(database, caller)


def walk(page: Callable[[str | None], tuple[list[dict[str, Any]], str | None]]) -> list[dict[str, Any]]:
    """Every row of a paged listing, page after page."""
    found, token = page(None)
    rows = list(found)
    while token is not None:
        found, token = page(token)
        assert found, "a page that promised more was empty"
        rows += found
    return rows


def names(rows_json: bytes) -> list[str]:
    """The titles in a listing of data rows."""
    return [row["data_title"] for row in json.loads(rows_json)]
