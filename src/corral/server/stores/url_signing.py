"""Signs URLs of this server with HMAC-SHA-256, so that they carry their own authority until they expire."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from corral.errors import AuthorisationError

_FIELDS = ("expires", "type", "name")


class UrlSigner:
    """Makes and checks signed URLs below one public address."""

    def __init__(self, public_url: str, secret: bytes) -> None:
        self._public_url = public_url
        self._secret = secret

    def sign(self, method: str, path: str, *, seconds: int, fields: Mapping[str, str] | None = None) -> str:
        """A URL for one method on one path, with extra signed query fields (`type`, `name`)."""
        query = {"expires": str(int(time.time()) + seconds), **(fields or {})}
        query["signature"] = self._signature(method, path, query)
        return f"{self._public_url}{quote(path)}?{urlencode(query)}"

    def check(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """Raise AuthorisationError unless this query was signed for this method and path and is still good."""
        fields = {name: query[name] for name in _FIELDS if name in query}
        expected = self._signature(method, path, fields)
        if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode()):
            raise AuthorisationError("The signature of this URL is not valid.")
        if int(fields["expires"]) < time.time():
            raise AuthorisationError("This signed URL has expired. Ask for a new one.")

    def _signature(self, method: str, path: str, fields: Mapping[str, str]) -> str:
        parts = [method, path, *(f"{name}={fields[name]}" for name in sorted(fields))]
        text = "\n".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
