"""Keyset pages: a page token is the sort key of the last row, opaque to the client."""

from __future__ import annotations

import base64
import json
from typing import Any

from corral.errors import InvalidArgumentsError
from corral.server.folding import fold_case

_LONGEST_SEARCH = 1000


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
    if not isinstance(key, list) or len(key) != length or not all(map(_is_storable, key)):
        raise InvalidArgumentsError("This page token is not valid; use the nextPageToken of the page before.")
    return key


def _is_storable(part: object) -> bool:
    if not isinstance(part, str) or "\0" in part:
        return False
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in part)


def contains(text: str) -> str:
    """A LIKE pattern (ESCAPE '\\') for folded values (see `fold_case`) that contain `text` literally."""
    escaped = fold_case(_checked(text)).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def like(pattern: str) -> str:
    """A client's LIKE pattern, in which a backslash is nothing special, as one with ESCAPE '\\' for folded values."""
    return fold_case(_checked(pattern)).replace("\\", "\\\\")


def _checked(text: str) -> str:
    if len(text) > _LONGEST_SEARCH:
        raise InvalidArgumentsError(
            f"A search may have at most {_LONGEST_SEARCH} characters; this one has {len(text)}."
        )
    return text
