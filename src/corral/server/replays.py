"""Remembers the answers of requests that create, so that an automatic retry gets the same answer."""

from __future__ import annotations

from corral.server import clock
from corral.server.database import Transaction
from corral.server.statements import Statement

KEPT_SECONDS = 24 * 3600

_FIND = Statement("SELECT answer FROM creation WHERE request_digest = :digest")
_KEEP = Statement(
    "INSERT INTO creation (request_digest, user_id, answer, created_at)"
    " VALUES (:digest, :user_id, :answer, :now) ON CONFLICT DO NOTHING"
)
_FORGET = Statement("DELETE FROM creation WHERE created_at < :then")


def find(tx: Transaction, request_digest: str) -> str | None:
    """The answer (JSON text) that this very request got before, if it did."""
    answer: str | None = _FIND.value(tx, {"digest": request_digest})
    return answer


def keep(tx: Transaction, request_digest: str, user_id: str, answer: str) -> None:
    """Remember an answer, in the transaction that made what it speaks of."""
    _KEEP.run(tx, {"digest": request_digest, "user_id": user_id, "answer": answer, "now": clock.now()})


def forget_old(tx: Transaction) -> None:
    """Drop answers that no retry can still ask for."""
    _FORGET.run(tx, {"then": clock.after(-KEPT_SECONDS)})
