"""Fixtures that all tests share: real servers, real databases, real media."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.servers import Server, postgres_binaries, postgres_cluster

CHROMIUM = Path("/usr/bin/chromium")


def need(what: str, present: bool) -> None:
    """Skip without something that the machine lacks; fail where CORRAL_TEST_REQUIRE says that it must be there."""
    if present:
        return
    if what in os.environ.get("CORRAL_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{what} is required here but not installed")
    pytest.skip(f"{what} is not installed on this machine")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL cluster."""
    need("postgres", postgres_binaries() is not None)
    with tempfile.TemporaryDirectory(prefix="corral-pg-") as folder, postgres_cluster(Path(folder)) as url:
        yield url


def new_database(postgres_url: str) -> str:
    """A fresh database in the cluster."""
    name = f"corral_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(f"{postgres_url}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    engine.dispose()
    return f"{postgres_url}/{name}"


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server that many tests share, once on SQLite and once on PostgreSQL."""
    environment = {"CORRAL_LOCAL_ROOTS": str(tmp_path_factory.getbasetemp())}
    if request.param == "postgresql":
        environment["CORRAL_DATABASE_URL"] = new_database(request.getfixturevalue("postgres"))
    running = Server(tmp_path_factory.mktemp(request.param) / "home", environment=environment).start()
    yield running
    running.stop()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of a test's own."""
    started: list[Server] = []

    def make(**environment: str) -> Server:
        started.append(Server(tmp_path / f"home{len(started)}", environment=environment).start())
        return started[-1]

    yield make
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium."""
    need("chromium", CHROMIUM.exists())
    return str(CHROMIUM)
