"""Remembers the answers of requests that create, so that an automatic retry gets the same answer."""

from __future__ import annotations

import sqlalchemy as sa

from corral.server import clock
from corral.server.database import Transaction

KEPT_SECONDS = 24 * 3600


def find(tx: Transaction, request_digest: str) -> str | None:
    """The answer (JSON text) that this very request got before, if it did."""
    query = sa.text("SELECT answer FROM creation WHERE request_digest = :digest")
    return tx.execute(query, {"digest": request_digest}).scalar()


def keep(tx: Transaction, request_digest: str, user_id: str, answer: str) -> None:
    """Remember an answer, in the transaction that made what it speaks of."""
    tx.execute(
        sa.text(
            "INSERT INTO creation (request_digest, user_id, answer, created_at)"
            " VALUES (:digest, :user_id, :answer, :now) ON CONFLICT DO NOTHING"
        ),
        {"digest": request_digest, "user_id": user_id, "answer": answer, "now": clock.now()},
    )


def forget_old(tx: Transaction) -> None:
    """Drop answers that no retry can still ask for."""
    tx.execute(sa.text("DELETE FROM creation WHERE created_at < :then"), {"then": clock.after(-KEPT_SECONDS)})
