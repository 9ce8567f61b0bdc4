"""Organisations with folder trees, shared items and a plain model of who may see what in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from corral.server.access import users
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import new_id
from corral.server.storage import folder_commands
from corral.vocabulary import OrganisationRole
from tests.server.listing import Library

# Few letters, so that names collide; every sign that means something to LIKE, SQL or JSON; and two signs that sort one
# way by code point and the other way by UTF-16 unit.
NAMES = st.text(alphabet="aAÄäж%_\\'\" \n.\uffee\U0001d538", min_size=1, max_size=4)
STAMPS = st.sampled_from([f"2026-01-0{day}T00:00:00.000000Z" for day in (1, 2, 3)])
KINDS = st.sampled_from(["image", "video", "audio"])
# Short, so that they are found now and then.
SEARCHES = st.none() | st.sampled_from([*"aÄ%_\\' ж", "a%", "A\\", "\U0001d538"])
PLACES = st.none() | st.integers(0, 6)
OFTEN = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def contains(search: str | None, text: str) -> bool:
    """What `search` promises: the text is somewhere in the name, whatever its case."""
    return search is None or search.lower() in text.lower()


def new_caller(tx: Transaction, organisation: str, role: str) -> Caller:
    """A user of an organisation."""
    email = f"{new_id()}@example.org"
    return Caller(users.create_user(tx, organisation, email, OrganisationRole(role)), organisation, email, role)


@dataclass
class Forest:
    """The folders of one organisation, and one viewer to whom some of them were given."""

    owner: Library
    viewer: Caller
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)

    def grow(self, tx: Transaction, name: str, place: int | None, stamp: str, fate: str = "") -> str:
        """A folder at the root (`place` None) or below another one; `fate` says `given` or `mirror` or both."""
        known = list(self.folders)
        parent = known[place % len(known)] if known and place is not None else None
        made = self.owner.folder(tx, parent, name)
        tx.execute(sa.text("UPDATE folder SET created_at = :stamp WHERE id = :id"), {"stamp": stamp, "id": made})
        self.folders[made] = {
            "id": made, "parent": parent, "name": name, "created_at": stamp, "mirror": "mirror" in fate
        }  # fmt: skip
        if "given" in fate:
            folder_commands.grant(tx, self.viewer.user_id, made, "user", via_dataset=False)
            self.given.add(made)
        if "mirror" in fate:
            dataset = self.owner.dataset(tx, "mirror", [])
            query = sa.text("UPDATE dataset SET backing_folder_id = :folder WHERE id = :id")
            tx.execute(query, {"folder": made, "id": dataset})
        return made

    def above(self, folder: str) -> list[str]:
        """The folder and all above it, nearest first."""
        parent = self.folders[folder]["parent"]
        return [folder] + ([] if parent is None else self.above(parent))

    def granted(self, folder: str | None) -> bool:
        """Whether the viewer was given the folder, directly or above it."""
        return folder is not None and not self.given.isdisjoint(self.above(folder))

    def visible(self, folder: str) -> bool:
        """Whether the viewer may open the folder."""
        return self.viewer.is_admin or self.granted(folder)


def new_forest(
    library: Library, tx: Transaction, role: str, folders: Sequence[tuple[str, int | None, str, str]]
) -> Forest:
    """A forest in a new organisation, seen by a viewer with this role."""
    organisation = users.create_organisation(tx, "o")
    forest = Forest(
        Library(library.database, new_caller(tx, organisation, "ADMIN")), new_caller(tx, organisation, role)
    )
    for folder in folders:
        forest.grow(tx, *folder)
    return forest
