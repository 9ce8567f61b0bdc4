"""Organisations, users and their keys: what the first start and `corral user` need."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from corral.errors import InvalidArgumentsError, ResourceExistsError, ResourceNotFoundError
from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.audit import record
from corral.server.database import Transaction, row_dict
from corral.server.identifiers import new_id
from corral.vocabulary import OrganisationRole

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def create_organisation(tx: Transaction, title: str) -> str:
    """Make an organisation and return its id."""
    identifier = new_id()
    tx.execute(
        sa.text("INSERT INTO organisation (id, title, created_at) VALUES (:id, :title, :now)"),
        {"id": identifier, "title": title, "now": clock.now()},
    )
    return identifier


def only_organisation(tx: Transaction) -> str | None:
    """The id of the organisation that this home serves, or None before the first start."""
    return tx.execute(sa.text("SELECT id FROM organisation ORDER BY id LIMIT 1")).scalar()


def create_user(tx: Transaction, organisation_id: str, email: str, role: OrganisationRole) -> str:
    """Make a user and return its id. Raises InvalidArgumentsError or ResourceExistsError."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise InvalidArgumentsError(f"{email!r} is not an e-mail address.")
    if find_user(tx, email) is not None:
        raise ResourceExistsError(f"A user with the e-mail {email} exists already.")
    identifier, now = new_id(), clock.now()
    tx.execute(
        sa.text(
            "INSERT INTO corral_user (id, organisation_id, email, role, created_at, last_edited_at)"
            " VALUES (:id, :organisation_id, :email, :role, :now, :now)"
        ),
        {"id": identifier, "organisation_id": organisation_id, "email": email, "role": role.value, "now": now},
    )
    record(tx, organisation_id, identifier, "user.create", identifier, {"email": email, "role": role.value})
    return identifier


def find_user(tx: Transaction, email: str) -> dict[str, Any] | None:
    """The user with this e-mail, in any organisation, or None."""
    return row_dict(
        tx.execute(
            sa.text("SELECT * FROM corral_user WHERE email = :email AND removed_at IS NULL"),
            {"email": email.strip().lower()},
        )
    )


def as_caller(tx: Transaction, email: str) -> Caller:
    """The caller that a user would be. Raises ResourceNotFoundError."""
    found = find_user(tx, email)
    if found is None:
        raise ResourceNotFoundError(f"There is no user with the e-mail {email}.")
    return Caller(found["id"], found["organisation_id"], found["email"], found["role"])


def add_key(tx: Transaction, user_id: str, key_hex: str, title: str) -> None:
    """Let a public key (64 hex digits) act for a user. Raises ResourceExistsError when somebody has it."""
    if tx.execute(sa.text("SELECT 1 FROM public_key WHERE key_hex = :key"), {"key": key_hex}).scalar():
        raise ResourceExistsError("This public key is registered already.")
    tx.execute(
        sa.text("INSERT INTO public_key (key_hex, user_id, title, created_at) VALUES (:key, :user_id, :title, :now)"),
        {"key": key_hex, "user_id": user_id, "title": title, "now": clock.now()},
    )


def members(caller: Caller, tx: Transaction, emails: list[str]) -> dict[str, str]:
    """User ids by e-mail, for members of the caller's organisation.

    Raises InvalidArgumentsError that names every e-mail which is not a member.
    """
    wanted = list(dict.fromkeys(email.strip().lower() for email in emails))
    query = sa.text(
        "SELECT email, id FROM corral_user WHERE organisation_id = :organisation_id AND removed_at IS NULL"
        " AND email IN :emails"
    ).bindparams(sa.bindparam("emails", expanding=True, type_=sa.String))
    found = {row.email: row.id for row in tx.execute(query, {**caller.scope, "emails": wanted})}
    missing = [email for email in wanted if email not in found]
    if missing:
        raise InvalidArgumentsError(
            f"Not members of the organisation: {', '.join(missing)}. An administrator adds them with `corral user add`."
        )
    return {email: found[email] for email in wanted}
