"""Finds out who is asking: verifies the signature or token of a request and looks up its owner."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError
from starlette.requests import Request

from corral.errors import AuthenticationError
from corral.records import signing
from corral.server.access import callers
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.settings import Limits

# How far a client's clock may run ahead of ours.
_AHEAD_SECONDS = 300.0


# Proves that whoever asks holds a key, without the database; what comes back finds out whose key it is.
Proof = Callable[[], "Lookup"]
Lookup = Callable[[Transaction], Caller]


def legacy_caller(request: Request, body: bytes) -> Lookup:
    """Check a legacy request. Raises AuthenticationError; the lookup raises it too, and KeyNotFoundError."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("Bearer "):
        return lambda tx: callers.by_token(tx, authorization[7:])
    key = signing.verify_legacy(authorization, body, _verify)
    return lambda tx: callers.by_key(tx, key)


def v2_caller(request: Request, body: bytes, limits: Limits) -> Lookup:
    """Check a REST request. Raises AuthenticationError; the lookup raises it too, and KeyNotFoundError."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("Bearer "):
        return lambda tx: callers.by_token(tx, authorization[7:])
    if "signature" not in request.headers:
        raise AuthenticationError("The request is not signed and carries no bearer token.")
    key = signing.verify_rest(
        request.headers,
        request.method,
        request_target(request),
        body,
        now=time.time(),
        max_age=limits.signature_age_seconds,
        max_ahead=_AHEAD_SECONDS,
        verify=_verify,
    )
    return lambda tx: callers.by_key(tx, key)


def _verify(key: bytes, signature: bytes, message: bytes) -> None:
    # libsodium takes half the time of OpenSSL here, and this runs for every request.
    try:
        crypto_sign_open(signature + message, key)
    except CryptoError:
        raise ValueError("wrong signature") from None


def request_target(request: Request) -> str:
    """Path and query exactly as they stood on the request line: that is what was signed."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    target = raw + b"?" + query if query else raw
    return target.decode("latin-1")


def request_digest(request: Request, body: bytes) -> str:
    """What makes this request the same as its own automatic retry and different from every other.

    Empty for clients that send no trace id: theirs cannot be told from a second request that is meant.
    The trace id alone would do, but callers may fix it; with the signature (which covers body and second) two
    different requests can never be taken for one.
    """
    headers = request.headers
    if "x-cloud-trace-context" not in headers:
        return ""
    parts = [
        headers.get("x-cloud-trace-context", ""),
        headers.get("authorization", ""),
        headers.get("signature", ""),
        request.method,
        request_target(request),
        headers.get("resourceid", ""),
    ]
    summary = hashlib.sha256("\n".join(parts).encode())
    summary.update(b"\n" + hashlib.sha256(body).digest())
    return summary.hexdigest()
