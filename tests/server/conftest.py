"""What the property tests share: one prepared database of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import new_database
from tests.server.listing import Library, new_library


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library that many tests share; each example works in an organisation of its own."""
    if request.param == "sqlite":
        made = new_library(f"sqlite:///{tmp_path_factory.mktemp('library') / 'x.sqlite'}")
    else:
        made = new_library(new_database(request.getfixturevalue("postgres")))
    yield made
    made.database.close()
