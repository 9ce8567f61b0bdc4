"""Uploads of many files: slots by the batch, files in their order, and an end at the first refusal."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from corral import errors
from corral.records import signing
from corral.sdk import uploading
from corral.sdk.transport import Transport

KEY = signing.load_private_key(signing.generate_private_key())


@dataclass
class Store:
    """Gives slots and takes bytes; `refuse` names contents that it answers with a status of their own."""

    refuse: dict[bytes, int] = field(default_factory=dict)
    reserved: list[int] = field(default_factory=list)
    taken: dict[str, bytes] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, count: int) -> dict[str, Any]:
        self.reserved.append(count)
        names = [str(uuid.uuid4()) for _ in range(count)]
        return {"results": [{"itemUuid": n, "objectKey": n, "signedUrl": f"http://store.test/{n}"} for n in names]}

    def put(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        with self.lock:
            self.types.add(request.headers["content-type"])
            if content in self.refuse:
                return httpx.Response(self.refuse[content], json={"message": "refused"})
            self.taken[request.url.path.strip("/")] = content
        return httpx.Response(200)

    def transport(self) -> Transport:
        return Transport("http://corral.test", private_key=KEY, http=httpx.MockTransport(self.put))


@pytest.fixture
def files(tmp_path: Path) -> Callable[[int], list[Path]]:
    def make(count: int) -> list[Path]:
        for number in range(count):
            (tmp_path / f"{number}.jpg").write_bytes(str(number).encode())
        return [tmp_path / f"{number}.jpg" for number in range(count)]

    return make


def test_many_files_keep_their_order(files: Callable[[int], list[Path]]) -> None:
    store, paths, progress = Store(), files(450), []
    sent = uploading.send_files(store.transport(), paths, store.reserve, lambda *state: progress.append(state))
    assert store.reserved == [200, 200, 50]
    assert [one.path for one in sent] == paths
    assert [store.taken[one.slot.object_key] for one in sent] == [str(number).encode() for number in range(450)]
    assert progress == [(number + 1, 450) for number in range(450)]
    assert store.types == {"image/jpeg"}


def test_no_files_ask_for_nothing() -> None:
    store = Store()
    assert uploading.send_files(store.transport(), [], store.reserve) == []
    assert store.reserved == []


def test_a_missing_file_is_named_before_anything_is_sent(files: Callable[[int], list[Path]], tmp_path: Path) -> None:
    store = Store()
    for wrong in (tmp_path / "no.jpg", tmp_path):
        with pytest.raises(errors.InvalidArgumentsError, match=str(wrong)):
            uploading.send_files(store.transport(), [*files(3), wrong], store.reserve)
    assert (store.reserved, store.taken) == ([], {})


def test_a_refused_file_ends_the_upload(files: Callable[[int], list[Path]]) -> None:
    store, progress = Store(refuse={b"3": 403}), []
    with pytest.raises(errors.AuthorisationError, match="refused"):
        uploading.send_files(store.transport(), files(450), store.reserve, lambda *state: progress.append(state))
    assert store.reserved == [200]
    assert progress == [(1, 450), (2, 450), (3, 450)]
    assert len(store.taken) < 200


@pytest.mark.parametrize("given", [0, 1, 3])
def test_another_number_of_slots_than_asked_for(files: Callable[[int], list[Path]], given: int) -> None:
    store = Store()
    with pytest.raises(errors.TransportError, match=f"{given} upload slots for 2 files"):
        uploading.send_files(store.transport(), files(2), lambda _count: store.reserve(given))
    assert store.taken == {}


def test_a_file_without_a_known_ending(tmp_path: Path) -> None:
    store, path = Store(), tmp_path / "é no ending"
    path.write_bytes(b"")
    sent = uploading.send_files(store.transport(), [str(path)], store.reserve)
    assert (sent[0].title, store.types) == ("é no ending", {"application/octet-stream"})
    assert list(store.taken.values()) == [b""]


def test_headers_of_the_slot_win(tmp_path: Path) -> None:
    store, path = Store(), tmp_path / "a.jpg"
    path.write_bytes(b"x")

    def reserve(count: int) -> dict[str, Any]:
        page = store.reserve(count)
        page["results"][0]["uploadHeaders"] = {"Content-Type": "x/y"}
        return page

    uploading.send_files(store.transport(), [path], reserve)
    assert store.types == {"x/y"}
