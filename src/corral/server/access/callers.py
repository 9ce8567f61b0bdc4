"""Finds out who holds a key or a token, and carries that person through a request."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from corral.errors import AuthenticationError, KeyNotFoundError
from corral.server import clock
from corral.server.database import Transaction
from corral.server.statements import Statement
from corral.vocabulary import OrganisationRole

TOKEN_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Caller:
    """The user on whose behalf something is done."""

    user_id: str
    organisation_id: str
    email: str
    role: str

    @property
    def is_admin(self) -> bool:
        """Whether the user administers the organisation."""
        return self.role == OrganisationRole.ADMIN.value

    @property
    def scope(self) -> dict[str, object]:
        """The parameters that every access filter needs (see access/rights)."""
        return {"user_id": self.user_id, "organisation_id": self.organisation_id, "is_admin": self.is_admin}


_USER = "u.id AS user_id, u.organisation_id, u.email, u.role FROM corral_user u"
_BY_KEY = Statement(
    f"SELECT {_USER} JOIN public_key k ON k.user_id = u.id WHERE k.key_hex = :key AND u.removed_at IS NULL"
)
_BY_TOKEN = Statement(
    f"SELECT {_USER} JOIN bearer_token t ON t.user_id = u.id"
    " WHERE t.digest = :digest AND t.expires_at > :now AND u.removed_at IS NULL"
)
_BY_SESSION = Statement(
    f"SELECT {_USER} JOIN page_session s ON s.user_id = u.id"
    " WHERE s.digest = :digest AND s.kind = :kind AND s.expires_at > :now AND u.removed_at IS NULL"
)


def by_key(tx: Transaction, key_hex: str) -> Caller:
    """The owner of a public key. Raises KeyNotFoundError."""
    found = _BY_KEY.first(tx, {"key": key_hex})
    if found is None:
        raise KeyNotFoundError()
    return Caller(**found)


def by_token(tx: Transaction, token: str) -> Caller:
    """The owner of a bearer token that has not expired. Raises AuthenticationError."""
    found = _BY_TOKEN.first(tx, {"digest": digest(token), "now": clock.now()})
    if found is None:
        raise AuthenticationError("This bearer token is not valid or has expired. Ask for a new one.")
    return Caller(**found)


def by_session(tx: Transaction, secret: str) -> Caller | None:
    """The user who signed in to the pages with this cookie, if the session is alive."""
    found = _BY_SESSION.first(tx, {"digest": digest(secret), "kind": "session", "now": clock.now()})
    return None if found is None else Caller(**found)


def issue_token(caller: Caller, tx: Transaction) -> str:
    """A new bearer token for the caller; only its digest is kept."""
    token = secrets.token_urlsafe(32)
    tx.execute(
        sa.text(
            "INSERT INTO bearer_token (digest, user_id, created_at, expires_at)"
            " VALUES (:digest, :user_id, :now, :expires)"
        ),
        {
            "digest": digest(token),
            "user_id": caller.user_id,
            "now": clock.now(),
            "expires": clock.after(TOKEN_SECONDS),
        },
    )
    return token


def issue_sign_in(tx: Transaction, user_id: str, kind: str, seconds: int) -> str:
    """A secret that opens the pages: kind `link` works once, kind `session` until it expires."""
    secret = secrets.token_urlsafe(32)
    tx.execute(
        sa.text(
            "INSERT INTO page_session (digest, user_id, kind, created_at, expires_at)"
            " VALUES (:digest, :user_id, :kind, :now, :expires)"
        ),
        {
            "digest": digest(secret),
            "user_id": user_id,
            "kind": kind,
            "now": clock.now(),
            "expires": clock.after(seconds),
        },
    )
    return secret


def redeem_link(tx: Transaction, secret: str, session_seconds: int) -> str:
    """Trade a one-time sign-in link for a session secret. Raises AuthenticationError when used or expired."""
    found = tx.execute(
        sa.text(
            "DELETE FROM page_session WHERE digest = :digest AND kind = 'link' AND expires_at > :now RETURNING user_id"
        ),
        {"digest": digest(secret), "now": clock.now()},
    ).scalar()
    if found is None:
        raise AuthenticationError("This sign-in link was used or has expired. Run `corral user sign-in` for a new one.")
    return issue_sign_in(tx, str(found), "session", session_seconds)


def end_session(tx: Transaction, secret: str) -> None:
    """Sign out of the pages."""
    tx.execute(sa.text("DELETE FROM page_session WHERE digest = :digest"), {"digest": digest(secret)})


def digest(secret: str) -> str:
    """What is kept of a token: its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()
