"""Files that change under the SDK's hands, addresses that are none, and answers that make no sense."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from corral import errors
from corral.records import signing
from corral.sdk import waiting
from corral.sdk.transport import Transport
from corral.vocabulary import LongPollingStatus

KEY = signing.load_private_key(signing.generate_private_key())


def transport(answer: httpx.Response | None = None, timeout: float = 180.0) -> Transport:
    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        return answer or httpx.Response(200)

    return Transport("http://corral.test", private_key=KEY, timeout=timeout, http=httpx.MockTransport(handle))


def test_a_file_that_grows_or_shrinks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 100)
    for size in (50, 150):
        real = path.stat()
        monkeypatch.setattr(Path, "stat", lambda _self, size=size, real=real, **_: _Stat(real, size))
        with pytest.raises(errors.InvalidArgumentsError, match="changed while it was sent"):
            transport().put_file("http://store.test/k", path, {})
        monkeypatch.undo()


class _Stat:
    def __init__(self, real: object, size: int) -> None:
        self._real, self.st_size = real, size

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidArgumentsError, match="cannot be read"):
        transport().put_file("http://store.test/k", tmp_path / "gone", {})
    with pytest.raises(errors.InvalidArgumentsError, match="cannot be written"):
        transport().download("http://store.test/k", tmp_path / "no folder" / "a.bin")


@pytest.mark.parametrize("domain", ["http://host:port", "http://[::1", "host", "ftp://host", ""])
def test_addresses_that_are_none(domain: str) -> None:
    with pytest.raises(errors.InvalidArgumentsError, match="no address"):
        Transport(domain, private_key=KEY)


def test_answers_that_make_no_sense() -> None:
    odd = transport(httpx.Response(400, json={"code": ["a"], "message": "odd"}))
    with pytest.raises(errors.InvalidArgumentsError, match="odd"):
        odd.rest("GET", "x")
    with pytest.raises(errors.CorralError):
        transport(httpx.Response(200, json={"status": 400, "response": [{}]})).legacy("a", "GET", dataset_hash="")
    with pytest.raises(errors.TransportError, match="redirects"):
        transport(httpx.Response(302, headers={"Location": "/"})).rest("GET", "x")


def test_a_short_timeout_shortens_the_hold() -> None:
    assert transport(timeout=10).hold_seconds == 6
    assert transport().hold_seconds == 50


def test_a_server_that_does_not_hold_is_not_flooded() -> None:
    asked: list[int] = []

    def ask(hold: int) -> LongPollingStatus:
        asked.append(hold)
        return LongPollingStatus.PENDING

    waiting.wait(ask, lambda state: state, 0.9)
    assert len(asked) <= 6
