"""Encrypts the credentials of integrations at rest (Fernet: AES-128-CBC and HMAC-SHA-256)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from corral.errors import InvalidArgumentsError


class Vault:
    """Locks and unlocks small objects of text."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def lock(self, values: Mapping[str, str]) -> str:
        """The values as text that only this key opens."""
        return self._fernet.encrypt(json.dumps(dict(values)).encode()).decode()

    def unlock(self, text: str | None) -> dict[str, str]:
        """What `lock` was given; nothing for None. Raises InvalidArgumentsError under another key."""
        if text is None:
            return {}
        try:
            values: dict[str, str] = json.loads(self._fernet.decrypt(text.encode()))
        except InvalidToken:
            raise InvalidArgumentsError(
                "The credentials of this integration were encrypted under another key. Give CORRAL_SECRET_KEY the value"
                " it had, restore HOME/keys/credentials, or rotate the integration."
            ) from None
        return values


def open_vault(home: Path, secret_key: str | None) -> Vault:
    """The vault of this home: its key is made of `secret_key` (any long text), else a file that is made once."""
    if secret_key:
        return Vault(base64.urlsafe_b64encode(hashlib.sha256(secret_key.encode()).digest()))
    path = home / "keys" / "credentials"
    if not path.exists():
        _write_once(path, Fernet.generate_key())
    return Vault(path.read_bytes().strip())


def _write_once(path: Path, key: bytes) -> None:
    """Two processes that start together must end up with one key: the first link wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
