"""Values that no client sends on purpose: answered with a 400 in words, alike on both databases."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

import pytest

from tests.server.wire import Wire
from tests.servers import Server


@pytest.fixture
def wire(server: Server) -> Wire:
    return Wire(server)


def new_dataset(wire: Wire, title: str) -> str:
    return str(wire.rest("POST", "datasets", {"title": title, "createBackingFolder": False}).json()["datasetUuid"])


def titles(wire: Wire, **filters: str) -> set[str]:
    answer = wire.rest("GET", "datasets/list", query=urlencode(filters))
    assert answer.status_code == 200, answer.text
    return {entry["datasetUuid"] for entry in answer.json()["result"]}


def test_patterns_mean_the_same_everywhere(wire: Wire) -> None:
    mark = uuid.uuid4().hex[:8]
    made = new_dataset(wire, f"{mark} a\\b%c")
    other = new_dataset(wire, f"{mark} plain ΟΔΟΣ")
    assert titles(wire, titleLike=f"{mark} a\\b%") == {made}
    assert titles(wire, titleLike=f"{mark} a\\") == set()
    assert titles(wire, titleCont=f"{mark} a\\b%c") == {made}
    assert made not in titles(wire, titleCont="a%c")
    assert titles(wire, titleCont=f"{mark} PLAIN οδοσ") == {other}


@pytest.mark.parametrize("query", ["search=%00", "pageToken=WyJcdWQ4MDAiLCJhIl0", "pageToken=WyJcdTAwMDAiLCAiYSJd",
                                   "search=" + "x" * 5000])  # fmt: skip
def test_odd_folder_listings(wire: Wire, query: str) -> None:
    assert wire.rest("GET", "storage/folders", query=query).status_code == 400


def test_dates_at_the_edge(wire: Wire) -> None:
    made = new_dataset(wire, "edge")
    for early in ("0001-01-01T00:00:00+05:00", "0300-01-01T00:00:00"):
        assert made in titles(wire, createdAfter=early)
    assert made in titles(wire, createdBefore="9999-12-31T23:59:59-05:00")
    assert made not in titles(wire, createdBefore="0300-01-01T00:00:00")


def test_odd_data_hashes(wire: Wire) -> None:
    dataset = new_dataset(wire, "odd")
    for odd in (5, "abc", {"a": 1}):
        answer = wire.legacy("datarows", "GET", dataset=dataset, payload={"data_hashes": odd})
        assert answer["status"] == 400, odd
    many = [str(uuid.uuid4()) for _ in range(70_000)] + ["\0", "x", None]
    assert wire.legacy("datarows", "GET", dataset=dataset, payload={"data_hashes": many})["response"] == []
    assert wire.legacy("datarows", "GET", dataset=dataset, payload={"title_eq": "\0"})["status"] == 400


def test_users_that_cannot_be_stored(wire: Wire) -> None:
    dataset = new_dataset(wire, "users")
    payload = {"user_emails": ["\ud800@example.org", "\0@example.org"], "user_role": 1}
    assert wire.legacy("datasetusers", "POST", dataset=dataset, payload=payload)["status"] in (400, 404)
