"""Reads plain or pre-signed HTTP(S) URLs, with a guard against addresses that are not for everybody."""

from __future__ import annotations

import ipaddress
import re
import socket
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import httpcore

from corral.server.stores.ranges import FIRST_READ, RangeReader
from corral.server.stores.source import ListedObject, OpenedObject, SourceError, SourceUnavailableError

_MOST_REDIRECTS = 3
_ATTEMPTS = 4
_MOST_COPIED = 2 << 30  # bytes taken from a server that knows no ranges
_TIMEOUTS = {"connect": 10.0, "read": 30.0, "write": 10.0, "pool": 30.0}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class RefusedAddressError(Exception):
    """A host resolves to an address that direct access may not reach."""


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects only to public addresses and to networks that the administrator allows.

    The name is resolved once and the connection goes to the very address that was checked, so that a name cannot
    change its mind in between.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to `host`. Raises RefusedAddressError."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise RefusedAddressError(host)
        return self._plain.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    def connect_unix_socket(self, *_args: Any, **_named: Any) -> httpcore.NetworkStream:
        """Never."""
        raise RefusedAddressError("a Unix socket")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._plain.sleep(seconds)

    def _is_allowed(self, text: str) -> bool:
        address = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._allowed):
            return True
        return address.is_global and not address.is_multicast


class WebSource:
    """Direct access: the URL itself is the authority."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._pool = httpcore.ConnectionPool(
            network_backend=GuardedNetwork(allowed), max_connections=32, keepalive_expiry=10.0
        )

    def title(self, url: str) -> str:
        """The path of the URL."""
        return unquote(urlsplit(_checked(url)).path).lstrip("/") or urlsplit(url).netloc

    def check_prefix(self, url: str) -> None:
        """Never: there is nothing to list."""
        raise SourceError("Direct access has no listing, so no folder can be kept in step with it.")

    def open(self, url: str) -> OpenedObject:
        """See Source.open."""
        status, headers, body, final = self._get(_checked(url), 0, FIRST_READ)
        etag = headers.get("etag")
        if status == 200:
            file, size = self._copy(final)
            return OpenedObject(file, size, etag)
        match = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if match is None:
            raise SourceError(f"{_shown(url)} answers ranges in a way that cannot be understood.")

        def fetch(start: int, end: int) -> bytes:
            piece_status, _, piece, _ = self._get(final, start, end)
            if piece_status != 206:
                raise SourceUnavailableError(f"{_shown(url)} stopped answering ranges.")
            return piece

        return OpenedObject(RangeReader(fetch, int(match[3]), body), int(match[3]), etag)  # type: ignore[arg-type]

    def sign_get(self, url: str, *, mime_type: str | None, filename: str | None, seconds: int) -> str:
        """The URL as it was given."""
        return url

    def list(self, prefix: str, after: str | None = None) -> Iterator[list[ListedObject]]:
        """Never: there is nothing to list."""
        raise SourceError("Direct access has no listing.")

    def _get(self, url: str, start: int, end: int) -> tuple[int, dict[str, str], bytes, str]:
        """Status, headers, body (of a 206) and the URL that answered at last."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._ask(url, start, end)
            status, headers, body = answer
            if status not in (301, 302, 303, 307, 308):
                return status, headers, body, url
            url = _checked(urljoin(url, headers.get("location", "")))
        raise SourceError(f"{_shown(url)} redirects more than {_MOST_REDIRECTS} times.")

    def _ask(self, url: str, start: int, end: int) -> tuple[int, dict[str, str], bytes]:
        headers = [("Range", f"bytes={start}-{end - 1}"), ("Accept-Encoding", "identity"), ("User-Agent", "corral")]
        for attempt in range(_ATTEMPTS):
            try:
                with self._pool.stream("GET", url, headers=headers, extensions={"timeout": _TIMEOUTS}) as answer:
                    if answer.status in (429, 500, 502, 503, 504) and attempt < _ATTEMPTS - 1:
                        continue
                    return self._taken(answer, url, end - start)
            except RefusedAddressError as error:
                raise SourceError(
                    f"{_shown(url)} leads to {error}, a private or reserved address. An administrator may allow its"
                    " network in CORRAL_DIRECT_NETWORKS."
                ) from None
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError):
                if attempt == _ATTEMPTS - 1:
                    raise SourceUnavailableError(f"{_shown(url)} did not answer.") from None
        raise SourceUnavailableError(f"{_shown(url)} did not answer.")

    def _taken(self, answer: httpcore.Response, url: str, most: int) -> tuple[int, dict[str, str], bytes]:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status == 206:
            body = bytearray()
            for chunk in answer.iter_stream():
                body += chunk
                if len(body) > most:
                    raise SourceError(f"{_shown(url)} sends more than the range it was asked for.")
            return 206, headers, bytes(body)
        if answer.status in (200, 301, 302, 303, 307, 308):
            return answer.status, headers, b""
        if answer.status == 416:
            raise SourceError(f"{_shown(url)} is empty.")
        if answer.status in (401, 403):
            raise SourceError(f"{_shown(url)} refuses access (HTTP {answer.status}); perhaps its signature expired.")
        if answer.status in (404, 410):
            raise SourceError(f"There is no object at {_shown(url)}.")
        raise SourceUnavailableError(f"{_shown(url)} answers HTTP {answer.status}.")

    def _copy(self, url: str) -> tuple[BinaryIO, int]:
        """A temporary copy, for servers that know no ranges."""
        file, size = tempfile.TemporaryFile(), 0
        try:
            with self._pool.stream("GET", url, extensions={"timeout": _TIMEOUTS}) as answer:
                for chunk in answer.iter_stream():
                    size += len(chunk)
                    if size > _MOST_COPIED:
                        raise SourceError(f"{_shown(url)} knows no ranges and is larger than {_MOST_COPIED} bytes.")
                    file.write(chunk)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError):
            raise SourceUnavailableError(f"{_shown(url)} broke off.") from None
        file.seek(0)
        return file, size


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise SourceError(f"{_shown(url)} is no http:// or https:// URL.")
    return url


def _shown(url: str) -> str:
    """A URL without its query, which may hold a signature."""
    return url.partition("?")[0][:500]
