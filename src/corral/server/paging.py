"""Keyset pages: a page token is the sort key of the last row, opaque to the client."""

from __future__ import annotations

import base64
import json
from typing import Any

from corral.errors import InvalidArgumentsError


def encode(*key: str) -> str:
    """The token that continues after the row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(token: str, length: int) -> list[str]:
    """The sort key inside a token. Raises InvalidArgumentsError on anything we did not make."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        key: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, UnicodeError):
        key = None
    if not isinstance(key, list) or len(key) != length or not all(isinstance(part, str) for part in key):
        raise InvalidArgumentsError("This page token is not valid; use the nextPageToken of the page before.")
    return key


def contains(text: str) -> str:
    """A LIKE pattern (ESCAPE '\\') for values that contain `text` literally, in lower case."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
