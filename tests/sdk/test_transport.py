"""The SDK against answers that a good server never gives: what is tried again, what is raised, what is left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from corral import errors
from corral.records import signing
from corral.sdk import waiting
from corral.sdk.transport import Transport
from corral.vocabulary import LongPollingStatus

Answer = Callable[[httpx.Request], httpx.Response]
KEY = signing.load_private_key(signing.generate_private_key())


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between attempts are noted, not taken."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def transport(*answers: Answer | httpx.Response) -> tuple[Transport, list[httpx.Request]]:
    """A transport that gets these answers, one for each request, and the requests it made."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers[min(len(requests), len(answers) - 1)]
        requests.append(request)
        return given if isinstance(given, httpx.Response) else given(request)

    return Transport("http://corral.test", private_key=KEY, http=httpx.MockTransport(answer)), requests


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("cut off", request=request)


def nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def test_a_read_is_tried_again_with_the_same_signature() -> None:
    client, requests = transport(broken, httpx.Response(503), httpx.Response(200, json={"a": 1}))
    assert client.rest("GET", "storage/folders", params={"search": "x y"}) == {"a": 1}
    assert len(requests) == 3
    assert len({request.headers["signature"] for request in requests}) == 1
    assert len({request.headers["x-cloud-trace-context"] for request in requests}) == 1


def test_a_write_that_may_have_arrived_is_not_tried_again() -> None:
    client, requests = transport(broken)
    with pytest.raises(errors.TransportError, match="cut off"):
        client.rest("POST", "datasets", body={})
    assert len(requests) == 1


def test_a_write_that_cannot_have_arrived_is_tried_again() -> None:
    client, requests = transport(nobody, httpx.Response(200, json="made"))
    assert client.rest("POST", "datasets", body={}) == "made"
    assert len(requests) == 2


def test_nobody_listening_says_where() -> None:
    client, _ = transport(nobody)
    with pytest.raises(errors.TransportError, match=r"http://corral\.test.*running"):
        client.rest("GET", "datasets")


def test_retry_after_is_kept(no_waiting: list[float]) -> None:
    client, _ = transport(httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, json=1))
    assert client.rest("GET", "x") == 1
    assert no_waiting == [7]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidArgumentsError),
        (401, errors.AuthenticationError),
        (403, errors.AuthorisationError),
        (404, errors.ResourceNotFoundError),
        (405, errors.MethodNotAllowedError),
        (409, errors.ResourceExistsError),
        (413, errors.PayloadTooLargeError),
        (501, errors.OperationNotBuiltError),
        (418, errors.ServerError),
    ],
)
def test_a_status_becomes_its_error(status: int, kind: type[errors.CorralError]) -> None:
    client, _ = transport(httpx.Response(status, json={"message": "because"}))
    with pytest.raises(kind, match="because") as caught:
        client.rest("POST", "x")
    assert type(caught.value) is kind


def test_the_code_of_a_legacy_answer_decides() -> None:
    answer = {"status": 403, "response": ["AUTHORISATION_ERROR"], "payload": "not yours"}
    client, _ = transport(httpx.Response(200, json=answer))
    with pytest.raises(errors.AuthorisationError, match="not yours"):
        client.legacy("dataset", "GET", dataset_hash="d")


def test_what_is_not_corral_is_named() -> None:
    client, _ = transport(httpx.Response(200, text="<html>"))
    with pytest.raises(errors.TransportError, match="address of a Corral server"):
        client.rest("GET", "x")


def test_an_upload_is_sent_whole_again(tmp_path: Path) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(b"x" * 3_000_000)
    seen: list[bytes] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request.read())
        return httpx.Response(500 if len(seen) == 1 else 200)

    client, _ = transport(take)
    client.put_file("http://store.test/k", source, {})
    assert seen == [source.read_bytes()] * 2


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    client, _ = transport(broken)
    with pytest.raises(errors.TransportError):
        client.download("http://store.test/k", tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []


def test_a_refused_download_keeps_the_older_file(tmp_path: Path) -> None:
    place = tmp_path / "a.bin"
    place.write_bytes(b"old")
    client, _ = transport(httpx.Response(403, content=json.dumps({"message": "expired"}).encode()))
    with pytest.raises(errors.AuthorisationError, match="expired"):
        client.download("http://store.test/k", place)
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
    assert place.read_bytes() == b"old"


def test_waiting_forgives_two_failures_in_a_row() -> None:
    states = iter([None, None, LongPollingStatus.PENDING, None, None, LongPollingStatus.DONE])

    def ask(_hold: int) -> LongPollingStatus:
        state = next(states)
        if state is None:
            raise errors.TransportError("gone for a moment")
        return state

    assert waiting.wait(ask, lambda state: state, 60) is LongPollingStatus.DONE


def test_waiting_gives_up_after_three() -> None:
    asked: list[int] = []

    def ask(hold: int) -> LongPollingStatus:
        asked.append(hold)
        raise errors.TransportError("gone")

    with pytest.raises(errors.TransportError):
        waiting.wait(ask, lambda state: state, 60)
    assert len(asked) == 3


def test_no_time_means_one_question() -> None:
    asked: list[int] = []

    def ask(hold: int) -> LongPollingStatus:
        asked.append(hold)
        return LongPollingStatus.PENDING

    assert waiting.wait(ask, lambda state: state, 0) is LongPollingStatus.PENDING
    assert asked == [0]
