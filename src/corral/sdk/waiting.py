"""The one polling loop of the SDK: asks the server, which holds the question until there is news."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from corral.errors import JobError, RateLimitExceededError, TransportError
from corral.vocabulary import LongPollingStatus

T = TypeVar("T")

WEEK_SECONDS = 7 * 24 * 3600
_HOLD_SECONDS = 50
_MOST_FAILURES = 3
_PAUSE_SECONDS = 0.2


def wait(
    ask: Callable[[int], T],
    status: Callable[[T], LongPollingStatus],
    timeout_seconds: float,
    hold_seconds: int = _HOLD_SECONDS,
) -> T:
    """Ask until the job is over or time is up, and return the last answer.

    `ask` gets the seconds for which the server may hold the question. Up to two failed connections in a row are
    forgiven. Raises CorralError.
    """
    deadline = time.monotonic() + timeout_seconds
    failures = 0
    while True:
        left = max(0.0, deadline - time.monotonic())
        try:
            asked = time.monotonic()
            answer = ask(math.ceil(min(left, hold_seconds)))
        except (TransportError, RateLimitExceededError) as error:
            failures += 1
            if failures >= _MOST_FAILURES or left <= 0:
                raise
            time.sleep(min(left, getattr(error, "retry_after", None) or failures))
            continue
        failures = 0
        now = time.monotonic()
        if status(answer) is not LongPollingStatus.PENDING or now >= deadline:
            return answer
        if now - asked < _PAUSE_SECONDS:  # a server that does not hold the question must not be flooded with it
            time.sleep(min(_PAUSE_SECONDS, deadline - now))


def require_done(status: LongPollingStatus, errors: Sequence[str], what: str) -> None:
    """Raise JobError unless a job ended well."""
    if status is LongPollingStatus.DONE:
        return
    if status is LongPollingStatus.ERROR:
        shown = "; ".join(errors[:5]) + (f" (and {len(errors) - 5} more)" if len(errors) > 5 else "")
        raise JobError(f"{what} failed: {shown}", list(errors))
    if status is LongPollingStatus.CANCELLED:
        raise JobError(f"{what} was cancelled; what was finished before is kept.", list(errors))
    raise JobError(f"{what} is not finished yet; ask again later, it goes on without you.", list(errors))
