"""The only place where the SDK meets HTTP: signing, retries, and answers turned into values or precise errors."""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from corral import errors
from corral.errors import CorralError
from corral.records import signing
from corral.records.record import Record
from corral.version import __version__

_RETRIED = frozenset({429, 500, 502, 503, 504})
_ATTEMPTS = 4
_CHUNK = 1 << 20


def _error_classes() -> list[type[CorralError]]:
    found, todo = [], [CorralError]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return found


_BY_CODE = {kind.code: kind for kind in _error_classes() if "code" in vars(kind)}
_BY_STATUS = {
    400: errors.InvalidArgumentsError,
    401: errors.AuthenticationError,
    403: errors.AuthorisationError,
    404: errors.ResourceNotFoundError,
    405: errors.MethodNotAllowedError,
    409: errors.ResourceExistsError,
    413: errors.PayloadTooLargeError,
    429: errors.RateLimitExceededError,
    501: errors.OperationNotBuiltError,
}


class Transport:
    """Signed requests to both doors of one server over kept-alive connections; threads may share it."""

    def __init__(
        self,
        domain: str,
        *,
        private_key: Ed25519PrivateKey | None = None,
        token: str | None = None,
        timeout: float = 180.0,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        self.domain = _checked(domain.rstrip("/"))
        # How long the server may hold a question, so that its answer comes before the connection's time is up.
        self.hold_seconds = max(1, min(50, int(timeout * 0.6)))
        self._private_key = private_key
        self._token = token
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=16)
        self._client = httpx.Client(
            timeout=timeout,
            limits=limits,
            transport=http,
            headers={"User-Agent": f"corral-sdk/{__version__}", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def legacy(
        self, query_type: str, query_method: str, *, dataset_hash: str, uid: object = None, payload: object = None
    ) -> Any:
        """One request at the legacy door; returns `response`. Raises CorralError."""
        envelope = {
            "query_type": query_type,
            "query_method": query_method,
            "values": {"uid": uid, "payload": payload},
        }
        body = json.dumps(envelope).encode()
        headers = {
            "Content-Type": "application/json",
            "ResourceType": "dataset",
            "ResourceID": dataset_hash,
            "Authorization": f"Bearer {self._token}" if self._private_key is None else "",
        }
        if self._private_key is not None:
            headers["Authorization"] = signing.sign_legacy(self._private_key, body)
        answer = self._send("POST", f"{self.domain}/public", body, headers, retry=query_method == "GET")
        content = _json(answer)
        if isinstance(content, dict) and content.get("status") == 200:
            return content.get("response")
        raise _legacy_error(answer, content)

    def rest(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | Record | None = None,
        body: object = None,
        retry: bool | None = None,
    ) -> Any:
        """One request at the REST door; returns the JSON value, None for an empty answer. Raises CorralError.

        GET is tried again after a failure of the connection or the server; other verbs when `retry` says so.
        """
        target = f"/v2/public/{path}"
        query = urlencode(_query(params), doseq=True)
        if query:
            target += f"?{query}"
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self._private_key is not None:
            headers |= signing.sign_rest(self._private_key, method, target, content, int(time.time()))
        else:
            headers["Authorization"] = f"Bearer {self._token}"
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.domain))
        again = method == "GET" if retry is None else retry
        answer = self._send(method, origin + target, content, headers, retry=again)
        if answer.status_code == 204:
            return None
        if answer.status_code != 200:
            raise _rest_error(answer)
        return _json(answer)

    def put_file(self, url: str, path: Path, headers: Mapping[str, str]) -> None:
        """Send a file to a signed URL, streaming from disk, again when the connection fails. Raises CorralError."""
        try:
            size = path.stat().st_size
            all_headers = {"Content-Length": str(size), **headers}
            answer = self._attempt(
                lambda: self._client.put(url, content=_pieces(path, size), headers=all_headers), retry=True
            )
        except OSError as error:
            raise errors.InvalidArgumentsError(f"{path} cannot be read: {error.strerror or error}.") from error
        if not answer.is_success:
            raise _rest_error(answer)

    def download(self, url: str, path: Path) -> int:
        """Stream a signed URL into a file and return its bytes; the file appears whole or not at all."""
        draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        try:
            with self._client.stream("GET", url) as answer, open(draft, "wb") as file:
                if answer.status_code != 200:
                    answer.read()
                    raise _rest_error(answer)
                for chunk in answer.iter_bytes(_CHUNK):
                    file.write(chunk)
                size = file.tell()
            os.replace(draft, path)
        except httpx.HTTPError as error:
            raise errors.TransportError(f"The download failed: {error}.") from error
        except OSError as error:
            raise errors.InvalidArgumentsError(f"{path} cannot be written: {error.strerror or error}.") from error
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
        return size

    def _send(self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, retry: bool) -> httpx.Response:
        trace = {"X-Cloud-Trace-Context": f"{uuid.uuid4().hex}/1;o=1"}
        return self._attempt(
            lambda: self._client.request(method, url, content=body, headers={**headers, **trace}), retry=retry
        )

    def _attempt(self, send: Any, *, retry: bool) -> httpx.Response:
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1 or not retry
            try:
                answer: httpx.Response = send()
            except httpx.ConnectError as error:
                if attempt == _ATTEMPTS - 1:
                    raise errors.TransportError(
                        f"Corral cannot be reached at {self.domain}: {error}. Is it running?"
                    ) from error
            except httpx.HTTPError as error:
                if last:
                    raise errors.TransportError(f"The connection to {self.domain} failed: {error}.") from error
            else:
                if last or answer.status_code not in _RETRIED:
                    return answer
                wait = answer.headers.get("Retry-After", "")
                if wait.isdigit():
                    time.sleep(min(int(wait), 60))
                    continue
            time.sleep(0.3 * 2**attempt)
        raise errors.TransportError(f"The connection to {self.domain} failed.")


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    sent = 0
    with open(path, "rb") as file:
        while piece := file.read(_CHUNK):
            sent += len(piece)
            if sent > size:
                break
            yield piece
    if sent != size:
        raise errors.InvalidArgumentsError(f"{path} changed while it was sent. Send it again when it is complete.")


def _checked(domain: str) -> str:
    try:
        address = httpx.URL(domain)
        is_good = address.scheme in ("http", "https") and bool(address.host)
    except (httpx.InvalidURL, ValueError):
        is_good = False
    if not is_good:
        raise errors.InvalidArgumentsError(f"{domain!r} is no address of a server, such as http://127.0.0.1:8000.")
    return domain


def _query(params: Mapping[str, Any] | Record | None) -> dict[str, Any]:
    values = params.to_wire() if isinstance(params, Record) else dict(params or {})
    return {name: value for name, value in values.items() if value is not None}


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise errors.TransportError(
            f"The answer is not JSON (HTTP {answer.status_code}). Is this the address of a Corral server?"
        ) from None


def _legacy_error(answer: httpx.Response, content: Any) -> CorralError:
    if not isinstance(content, dict):
        return errors.TransportError("The answer of the legacy door is not an object.")
    response = content.get("response")
    code = response[0] if isinstance(response, list) and response and isinstance(response[0], str) else ""
    payload = content.get("payload") or content.get("message")
    return _precise(_BY_CODE.get(code, CorralError), payload if isinstance(payload, str) else None, answer)


def _rest_error(answer: httpx.Response) -> CorralError:
    try:
        content = answer.json()
    except ValueError:
        content = {}
    content = content if isinstance(content, dict) else {}
    message = content.get("message") or content.get("detail")
    if answer.is_redirect:
        return errors.TransportError(f"{answer.url.copy_with(query=None)} redirects elsewhere; name the server itself.")
    code = content.get("code", "")
    kind = _BY_CODE.get(code) if isinstance(code, str) else None
    kind = kind or _BY_STATUS.get(answer.status_code, errors.ServerError)
    return _precise(kind, message if isinstance(message, str) else None, answer)


def _precise(kind: type[CorralError], message: str | None, answer: httpx.Response) -> CorralError:
    if issubclass(kind, errors.RateLimitExceededError):
        wait = answer.headers.get("Retry-After", "")
        return kind(message, int(wait) if wait.isdigit() else None)
    return kind(message)
