"""Makes identifiers that sort by the time they were made (UUIDv7, RFC 9562 section 5.7)."""

from __future__ import annotations

import os
import threading
import time
import uuid

from corral.errors import AuthorisationError

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A UUIDv7 in lower-case hyphenated form; within one process each is greater than the one before."""
    global _last
    with _lock:
        # 48 bits of milliseconds and 12 bits of sub-millisecond fraction (RFC 9562 section 6.2, method 3).
        nanoseconds = time.time_ns()
        stamp = (nanoseconds // 1_000_000 << 12) | (nanoseconds % 1_000_000 * 4096 // 1_000_000)
        _last = stamp = max(stamp, _last + 1)
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64
    value |= 0b10 << 62 | int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def known_id(text: object) -> str | None:
    """The lower-case hyphenated form of an identifier, None where it is none."""
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        return None


def as_id(text: object) -> str:
    """The lower-case hyphenated form of an identifier that a client sent.

    Raises AuthorisationError where it is none: an impossible identifier answers like an unknown one.
    """
    known = known_id(text)
    if known is None:
        raise AuthorisationError()
    return known
