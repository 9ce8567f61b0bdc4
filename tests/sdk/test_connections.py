"""The SDK on real connections that break: precise errors, safe retries, whole files, no credentials for stores."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest

from corral import errors
from corral.records import signing
from corral.sdk.transport import Transport
from tests.sdk.stub import answering, closing, read_request, silent, stub_server

KEY = signing.load_private_key(signing.generate_private_key())


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are skipped."""
    monkeypatch.setattr("corral.sdk.transport.time.sleep", lambda _seconds: None)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(bytes(range(256)) * 20_000)
    return path


def test_a_read_that_was_hung_up_on_is_tried_again() -> None:
    with stub_server(closing, answering(b'{"a": 1}')) as (url, connections):
        assert Transport(url, private_key=KEY).rest("GET", "datasets/list") == {"a": 1}
        assert len(connections) == 2


@pytest.mark.parametrize("behaviour", [closing, silent, answering(b"{", "200 OK", "Content-Length: 99")])
def test_a_write_that_arrived_is_sent_once(behaviour: object) -> None:
    with stub_server(behaviour) as (url, connections):  # type: ignore[arg-type]
        with pytest.raises(errors.TransportError, match=url):
            Transport(url, private_key=KEY, timeout=0.3).rest("POST", "datasets", body={})
        assert len(connections) == 1


def test_a_legacy_write_is_sent_once_and_a_legacy_read_again() -> None:
    with stub_server(answering(b"", "502 Bad Gateway")) as (url, connections):
        client = Transport(url, private_key=KEY)
        with pytest.raises(errors.TransportError, match="HTTP 502"):
            client.legacy("datarow", "POST", dataset_hash="d")
        assert len(connections) == 1
        with pytest.raises(errors.TransportError, match="HTTP 502"):
            client.legacy("datarow", "GET", dataset_hash="d")
        assert len(connections) == 5


def test_patience_has_an_end() -> None:
    with stub_server(silent) as (url, connections):
        begun = time.monotonic()
        with pytest.raises(errors.TransportError, match="timed out"):
            Transport(url, private_key=KEY, timeout=0.1).rest("GET", "datasets/list")
        assert time.monotonic() - begun < 5
        assert len(connections) == 4


def test_a_refused_connection_names_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    with pytest.raises(errors.TransportError, match=rf"{url}.*running"):
        Transport(url, private_key=KEY).rest("POST", "datasets", body={})


def test_too_many_requests_say_when_to_come_back() -> None:
    body = b'{"message": "slowly", "code": "RATE_LIMIT_ERROR"}'
    with stub_server(answering(body, "429 Too Many Requests", "Retry-After: 9")) as (url, _):
        with pytest.raises(errors.RateLimitExceededError, match="slowly") as caught:
            Transport(url, private_key=KEY).rest("POST", "datasets", body={})
        assert caught.value.retry_after == 9


@pytest.mark.parametrize("kind", [errors.InvalidDateFormatError, errors.FileSizeNotSupportedError])
def test_the_code_is_more_precise_than_the_status(kind: type[errors.CorralError]) -> None:
    body = f'{{"message": "m", "code": "{kind.code}"}}'.encode()
    with stub_server(answering(body, "400 Bad Request")) as (url, _), pytest.raises(kind) as caught:
        Transport(url, private_key=KEY).rest("POST", "datasets", body={})
    assert type(caught.value) is kind


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"message": {"a": 1}, "code": 3}'])
def test_an_error_in_no_known_form_keeps_its_class(body: bytes) -> None:
    with stub_server(answering(body, "403 Forbidden")) as (url, _), pytest.raises(errors.AuthorisationError) as caught:
        Transport(url, private_key=KEY).rest("POST", "datasets", body={})
    assert str(caught.value)


def test_a_download_cut_short_leaves_nothing(tmp_path: Path) -> None:
    with stub_server(answering(b"half", "200 OK", "Content-Length: 8")) as (url, _):
        with pytest.raises(errors.TransportError, match="download failed"):
            Transport(url, private_key=KEY).download(f"{url}/k", tmp_path / "a.bin")
        assert list(tmp_path.iterdir()) == []


def test_a_download_is_whole(tmp_path: Path, photo: Path) -> None:
    with stub_server(answering(photo.read_bytes())) as (url, _):
        size = Transport(url, private_key=KEY).download(f"{url}/k", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == photo.read_bytes()
    assert size == photo.stat().st_size


def test_an_upload_that_was_cut_off_is_sent_whole_again(photo: Path) -> None:
    seen: list[bytes] = []

    def hang_up_early(connection: socket.socket) -> None:
        connection.recv(1000)

    def take(connection: socket.socket) -> None:
        seen.append(read_request(connection).partition(b"\r\n\r\n")[2])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with stub_server(hang_up_early, take) as (url, connections):
        Transport(url, private_key=KEY).put_file(f"{url}/k", photo, {})
        assert len(connections) == 2
    assert seen == [photo.read_bytes()]


def test_stores_see_no_credentials(photo: Path, tmp_path: Path) -> None:
    requests: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b"x")

    for client in (
        Transport("http://corral.test", private_key=KEY, http=httpx.MockTransport(note)),
        Transport("http://corral.test", token="secret", http=httpx.MockTransport(note)),
    ):
        client.put_file("http://store.test/k", photo, {})
        client.download("http://store.test/k", tmp_path / "a.bin")
    assert len(requests) == 4
    for request in requests:
        assert not {"authorization", "signature", "signature-input", "cookie"} & set(request.headers)
