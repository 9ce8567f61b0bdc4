"""Signatures agree with traffic captured from the vendor's SDK, and with what that SDK signs today."""

from __future__ import annotations

import hashlib
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from corral.errors import AuthenticationError, InvalidArgumentsError
from corral.records import signing

# Captured from the vendor's SDK 0.1.211 (a throwaway key, whose private half was not kept).
KEY = "96385a7041b914759883f4f031eabe093a7cd1b7f39f1520e2c246863aad150e"
REST_BODY = b'{"title": "T", "createBackingFolder": true, "legacyCall": false}'
REST_HEADERS = {
    "content-digest": "sha-256=:4WSrpfwMbkp9+eYQ4/yzd+ezJFO0FMFeCd3mZglnNW4=:",
    "signature-input": (
        f'encord-sig=("@method" "@request-target" "content-digest");created=1795448108;keyid="{KEY}";alg="ed25519"'
    ),
    "signature": (
        "encord-sig=:UjxUbuLMCJjfRV9uhok2bLmPv8Ajb4u1i2Jm909xR9E3mmFZ2Ms14V8eNiaRTHe0BpPwzXSeQrFVppmTtBKxAg==:"
    ),
}
LEGACY_BODY = (
    b'{"query_type": "dataset", "query_method": "GET", "values": {"uid": null, "payload":'
    b' {"dataset_access_settings": {"fetch_client_metadata": false, "fetch_rows": true}}}}'
)
LEGACY_SIGNATURE = (
    "5c8db00df556a5c086235bf72de0fa2c882bc0b075b2ebd22c3f2387c5b6311c"
    "17a6aa9fe8143e2a9ff9ae5444616e8277934b78e2e2ea5c45c2217b2834f209"
)


def verify(headers: dict[str, str], **bent: object) -> str:
    values: dict[str, object] = {
        "method": "POST",
        "target": "/v2/public/datasets",
        "body": REST_BODY,
        "now": 1795448110.0,
        **bent,
    }
    return signing.verify_rest(headers, max_age=600, max_ahead=300, **values)  # type: ignore[arg-type]


def test_captured_rest_request() -> None:
    assert verify(REST_HEADERS) == KEY


def test_captured_legacy_request() -> None:
    assert hashlib.sha256(LEGACY_BODY).hexdigest().startswith("077d3ae7")
    assert signing.verify_legacy(f"{KEY}:{LEGACY_SIGNATURE}", LEGACY_BODY) == KEY


@pytest.mark.parametrize(
    "bent",
    [{"method": "GET"}, {"target": "/v2/public/datasets?x=1"}, {"body": REST_BODY + b" "}, {"now": 1795449000.0}],
)
def test_bent_captures(bent: dict[str, object]) -> None:
    with pytest.raises(AuthenticationError):
        verify(REST_HEADERS, **bent)


@given(st.binary(max_size=200), st.sampled_from(["GET", "POST", "PATCH", "DELETE"]), st.text("abc/?=&%20", max_size=40))
def test_what_we_sign_we_accept(body: bytes, method: str, path: str) -> None:
    key = Ed25519PrivateKey.generate()
    headers = {name.lower(): value for name, value in signing.sign_rest(key, method, f"/{path}", body, 1000).items()}
    known = signing.verify_rest(headers, method, f"/{path}", body, now=1001, max_age=9, max_ahead=9)
    assert known == signing.public_key_hex(key)
    assert signing.verify_legacy(signing.sign_legacy(key, body), body) == known


@given(st.text(max_size=300))
def test_junk_never_passes_and_never_breaks(junk: str) -> None:
    with pytest.raises(AuthenticationError):
        verify({**REST_HEADERS, "signature-input": junk})
    with pytest.raises(AuthenticationError):
        verify({**REST_HEADERS, "signature": junk})
    with pytest.raises(AuthenticationError):
        signing.verify_legacy(junk, b"")


def test_long_junk_is_refused_quickly() -> None:
    start = time.perf_counter()
    for junk in ("encord-sig=(" + '"' * 1_000_000, "a" * 1_000_000):
        with pytest.raises(AuthenticationError):
            verify({**REST_HEADERS, "signature-input": junk})
    assert time.perf_counter() - start < 1


def test_keys() -> None:
    text = signing.generate_private_key()
    key = signing.load_private_key(text)
    known = signing.public_key_hex(key)
    assert signing.parse_public_key(known.upper()) == known
    for wrong in ("", "ssh-rsa AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----"):
        with pytest.raises(InvalidArgumentsError):
            signing.load_private_key(wrong)
        with pytest.raises(InvalidArgumentsError):
            signing.parse_public_key(wrong)


def test_the_vendor_signs_what_we_accept() -> None:
    signer = pytest.importorskip("encord.http.v2.request_signer")
    from requests import Request

    key = signing.load_private_key(signing.generate_private_key())
    request = Request("POST", "http://h/v2/public/x?b=%20&a=1", data=json.dumps({"k": "ü"})).prepare()
    signed = signer.sign_request(request, signing.public_key_hex(key), key)
    headers = {name.lower(): str(value) for name, value in signed.headers.items()}
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    target = request.path_url
    assert signing.verify_rest(headers, "POST", target, body, now=time.time(), max_age=9, max_ahead=9)
