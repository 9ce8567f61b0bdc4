"""Prepares a home: its folder, its lock, its secrets, its schema and, the first time, its administrator."""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from corral.errors import InvalidArgumentsError
from corral.records import signing
from corral.server.access import callers, users
from corral.server.database import Database
from corral.server.settings import Settings
from corral.server.tables import migration
from corral.vocabulary import OrganisationRole

ADMIN_EMAIL = "admin@localhost"
SIGN_IN_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Welcome:
    """What the first lines of `corral serve` tell."""

    is_new: bool
    key_path: Path
    sign_in_url: str


def lock(home: Path) -> IO[str]:
    """Keep a second server away from this home for as long as the returned file is open.

    Raises InvalidArgumentsError when one is running.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = open(home / "lock", "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InvalidArgumentsError(
            f"Another Corral is already serving {home}. Stop it or choose another --home."
        ) from None
    return file


def url_secret(home: Path) -> bytes:
    """The key under which this server signs its URLs; made once, readable by its owner alone."""
    path = home / "keys" / "url_signing"
    if not path.exists():
        write_secret(path, secrets.token_hex(32))
    return bytes.fromhex(path.read_text().strip())


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def prepare(settings: Settings, database: Database) -> Welcome:
    """Bring the schema up to date; on an empty database create the organisation, its administrator and the key."""
    migration.upgrade(database)
    key_path = settings.home / "keys" / "admin_ed25519"
    with database.write() as tx:
        is_new = users.only_organisation(tx) is None
        if is_new:
            if not key_path.exists():
                write_secret(key_path, signing.generate_private_key())
            organisation_id = users.create_organisation(tx, "Corral")
            admin_id = users.create_user(tx, organisation_id, ADMIN_EMAIL, OrganisationRole.ADMIN)
            private_key = signing.load_private_key(key_path.read_text(), None)
            users.add_key(tx, admin_id, signing.public_key_hex(private_key), "first start")
        admin = users.find_user(tx, ADMIN_EMAIL)
        sign_in_url = ""
        if admin is not None:
            secret = callers.issue_sign_in(tx, admin["id"], "link", SIGN_IN_SECONDS)
            sign_in_url = f"{settings.public_url}/sign-in?link={secret}"
    return Welcome(is_new, key_path, sign_in_url)
