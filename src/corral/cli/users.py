"""`corral user`: adds users with their keys and makes sign-in links, straight in the database of a home."""

from __future__ import annotations

import argparse
from pathlib import Path

from corral.errors import InvalidArgumentsError, ResourceNotFoundError
from corral.records import signing
from corral.server import home
from corral.server.access import callers, users
from corral.server.database import Database
from corral.server.settings import Settings
from corral.vocabulary import OrganisationRole


def add_user(arguments: argparse.Namespace) -> int:
    """Add a user with a public key, or with a new key pair whose private half is written to a file."""
    settings = Settings.from_environment(home=arguments.home)
    database = open_database(settings)
    private_key = None
    if arguments.public_key:
        key_hex = signing.parse_public_key(Path(arguments.public_key).read_text())
    else:
        private_key = signing.generate_private_key()
        key_hex = signing.public_key_hex(signing.load_private_key(private_key, None))
    key_out = Path(arguments.key_out or settings.home / "keys" / f"{_file_name(arguments.email)}_ed25519")
    if private_key is not None and key_out.exists():
        raise InvalidArgumentsError(f"{key_out} exists already; name another file with --key-out.")
    with database.write() as tx:
        organisation_id = users.only_organisation(tx)
        if organisation_id is None:
            raise ResourceNotFoundError("This home was never started. Run `corral serve` once.")
        role = OrganisationRole(arguments.role.upper())
        user_id = users.create_user(tx, organisation_id, arguments.email, role)
        users.add_key(tx, user_id, key_hex, "corral user add")
        if private_key is not None:
            home.write_secret(key_out, private_key)
    print(f"added {arguments.email} as {role.value.lower()}")
    if private_key is not None:
        print(f"private key: {key_out}")
    return 0


def sign_in(arguments: argparse.Namespace) -> int:
    """Print a sign-in link for the pages that works once, within a day."""
    settings = Settings.from_environment(home=arguments.home)
    with open_database(settings).write() as tx:
        caller = users.as_caller(tx, arguments.email)
        secret = callers.issue_sign_in(tx, caller.user_id, "link", home.SIGN_IN_SECONDS)
    print(f"{settings.public_url}/sign-in?link={secret}")
    return 0


def open_database(settings: Settings) -> Database:
    """The database of a home that was started before. Raises ResourceNotFoundError where there is none."""
    if settings.database_url.startswith("sqlite") and not (settings.home / "corral.sqlite").exists():
        raise ResourceNotFoundError(f"There is no Corral in {settings.home}. Name its folder with --home.")
    return Database(settings.database_url)


def _file_name(email: str) -> str:
    return "".join(character if character.isalnum() or character in ".-_" else "_" for character in email)
