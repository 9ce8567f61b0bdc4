"""Both request signatures of the wire, the signing and the verifying half; Ed25519 only, pure functions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from corral.errors import AuthenticationError, InvalidArgumentsError

# Raises ValueError when the signature (64 bytes) by this key (32 bytes) is not of this message.
Verify = Callable[[bytes, bytes, bytes], None]

_LABEL = "encord-sig"
_COVERED = '("@method" "@request-target" "content-digest")'
_SIGNATURE_INPUT = re.compile(
    rf"{_LABEL}=(?P<params>(?P<covered>\([^()]{{0,200}}\));created=(?P<created>\d{{1,12}})"
    r';keyid="(?P<keyid>[0-9a-f]{64})";alg="(?P<alg>[a-z0-9-]{1,32})")'
)
_SIGNATURE = re.compile(rf"{_LABEL}=:(?P<signature>[A-Za-z0-9+/]{{86}}==):")
_AUTHORIZATION = re.compile(r"(?P<key>[0-9a-f]{64}):(?P<signature>[0-9a-f]{128})")


def generate_private_key() -> str:
    """A new Ed25519 private key as OpenSSH text."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        .decode()
    )


def load_private_key(text: str, password: str | None = None) -> Ed25519PrivateKey:
    """Read an OpenSSH private key. Raises InvalidArgumentsError unless it is Ed25519 and opens with the password."""
    secret = password.encode() if password else None
    try:
        key = serialization.load_ssh_private_key(text.encode(), secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidArgumentsError(f"This is not a private key that can be read: {error}.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidArgumentsError("Only Ed25519 keys are accepted. Make one with `ssh-keygen -t ed25519`.")
    return key


def public_key_hex(private_key: Ed25519PrivateKey) -> str:
    """The public half as 64 hex digits of its 32 raw bytes."""
    return private_key.public_key().public_bytes_raw().hex()


def parse_public_key(text: str) -> str:
    """64 hex digits of a public key given as OpenSSH line or as those digits. Raises InvalidArgumentsError."""
    text = text.strip()
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return text.lower()
    try:
        key = serialization.load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidArgumentsError("This is not a public key; it should begin with `ssh-ed25519`.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidArgumentsError("Only Ed25519 keys are accepted. Make one with `ssh-keygen -t ed25519`.")
    return key.public_bytes_raw().hex()


def sign_legacy(private_key: Ed25519PrivateKey, body: bytes) -> str:
    """The Authorization value of the legacy door: the signature is over the SHA-256 of the body."""
    signature = private_key.sign(hashlib.sha256(body).digest())
    return f"{public_key_hex(private_key)}:{signature.hex()}"


def verify_with_cryptography(key: bytes, signature: bytes, message: bytes) -> None:
    """The check that comes with what every SDK install has; servers may pass a faster one. Raises ValueError."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise ValueError("wrong signature") from None


def verify_legacy(authorization: str, body: bytes, verify: Verify = verify_with_cryptography) -> str:
    """The public key (hex) that signed this legacy body. Raises AuthenticationError."""
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise AuthenticationError("The Authorization header is not of the form <public key hex>:<signature hex>.")
    _require(verify, match["key"], bytes.fromhex(match["signature"]), hashlib.sha256(body).digest())
    return match["key"]


def content_digest(body: bytes) -> str:
    """The Content-Digest value of a body."""
    return _digest(body) if body else _EMPTY_DIGEST


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


_EMPTY_DIGEST = _digest(b"")


def sign_rest(private_key: Ed25519PrivateKey, method: str, target: str, body: bytes, created: int) -> dict[str, str]:
    """The three signature headers of the REST door; `target` is path and query as on the request line."""
    digest = content_digest(body)
    params = f'{_COVERED};created={created};keyid="{public_key_hex(private_key)}";alg="ed25519"'
    signature = private_key.sign(_signed_text(method, target, digest, params))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{_LABEL}={params}",
        "Signature": f"{_LABEL}=:{base64.b64encode(signature).decode()}:",
    }


def verify_rest(
    headers: Mapping[str, str],
    method: str,
    target: str,
    body: bytes,
    now: float,
    max_age: float,
    max_ahead: float,
    verify: Verify = verify_with_cryptography,
) -> str:
    """The public key (hex) that signed this REST request. Raises AuthenticationError naming what is wrong.

    `headers` are looked up by lower-case name. `created` may lie `max_age` seconds back (automatic retries repeat
    it) and `max_ahead` seconds ahead.
    """
    match = _SIGNATURE_INPUT.fullmatch(headers.get("signature-input", ""))
    if match is None:
        raise AuthenticationError("The Signature-Input header is missing or malformed.")
    if match["alg"] != "ed25519":
        raise AuthenticationError(f"The signature algorithm {match['alg']} is not accepted; use ed25519.")
    if match["covered"] != _COVERED:
        raise AuthenticationError(f"The signature must cover exactly {_COVERED}.")
    signature = _SIGNATURE.fullmatch(headers.get("signature", ""))
    if signature is None:
        raise AuthenticationError("The Signature header is missing or malformed.")
    digest = headers.get("content-digest", "")
    if not hmac.compare_digest(digest.encode("latin-1", "replace"), content_digest(body).encode()):
        raise AuthenticationError("The Content-Digest header does not belong to this body.")
    age = now - int(match["created"])
    if age > max_age or -age > max_ahead:
        raise AuthenticationError(
            f"The signature was made {abs(age):.0f} s {'ago' if age > 0 else 'in the future'}. Check the clock."
        )
    try:
        raw = base64.b64decode(signature["signature"], validate=True)
    except binascii.Error:
        raise AuthenticationError("The Signature header is malformed.") from None
    _require(verify, match["keyid"], raw, _signed_text(method, target, digest, match["params"]))
    return match["keyid"]


def _signed_text(method: str, target: str, digest: str, params: str) -> bytes:
    lines = (
        f'"@method": {method.upper()}',
        f'"@request-target": {target}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    )
    return "\n".join(lines).encode()


def _require(verify: Verify, key_hex: str, signature: bytes, message: bytes) -> None:
    try:
        verify(bytes.fromhex(key_hex), signature, message)
    except ValueError:
        raise AuthenticationError("The signature does not belong to this request.") from None
