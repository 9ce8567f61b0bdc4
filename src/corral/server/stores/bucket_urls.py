"""Takes object URLs of the clouds apart into bucket and key, and puts them together; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, unquote, urlsplit

from corral.server.stores.source import SourceError

_AMAZON = re.compile(r"(?:(?P<bucket>.+)\.)?s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?")
_GOOGLE = ("storage.googleapis.com", "storage.cloud.google.com")


def parse(kind: str, url: str, settings: Mapping[str, str]) -> tuple[str, str]:
    """Bucket (or container) and key of an object URL; percent escapes are decoded. Raises SourceError."""
    parts = urlsplit(url)
    reader = {"s3": _amazon, "s3-compatible": _compatible, "gcs": _google, "azure": _azure}[kind]
    found = reader(parts, settings) if not parts.query and not parts.fragment else None
    if found is None or not found[0]:
        raise SourceError(f"{url[:200]} is no object URL of this {kind} integration. {_EXAMPLES[kind]}")
    return found[0], unquote(found[1])


def build(kind: str, bucket: str, key: str, settings: Mapping[str, str]) -> str:
    """The URL of an object, as `parse` reads it."""
    if kind == "azure":
        return f"{_azure_endpoint(settings)}/{bucket}/{quote(key)}"
    if kind == "s3-compatible":
        return f"{settings['endpoint'].rstrip('/')}/{bucket}/{quote(key)}"
    return f"{'gs' if kind == 'gcs' else 's3'}://{bucket}/{quote(key)}"


_EXAMPLES = {
    "s3": "Write s3://bucket/key or https://bucket.s3.region.amazonaws.com/key; a ? or # in a key is %3F or %23.",
    "s3-compatible": "Write s3://bucket/key or ENDPOINT/bucket/key; a ? or # in a key is %3F or %23.",
    "gcs": "Write gs://bucket/key; a ? or # in a key is %3F or %23.",
    "azure": "Write https://ACCOUNT.blob.core.windows.net/container/blob; a ? or # in a name is %3F or %23.",
}


def _cut(path: str) -> tuple[str, str]:
    bucket, _, key = path.lstrip("/").partition("/")
    return bucket, key


def _amazon(parts: SplitResult, _settings: Mapping[str, str]) -> tuple[str, str] | None:
    if parts.scheme == "s3":
        return parts.netloc, parts.path[1:]
    match = _AMAZON.fullmatch(parts.netloc)
    if parts.scheme != "https" or match is None:
        return None
    return (match["bucket"], parts.path[1:]) if match["bucket"] else _cut(parts.path)


def _compatible(parts: SplitResult, settings: Mapping[str, str]) -> tuple[str, str] | None:
    if parts.scheme == "s3":
        return parts.netloc, parts.path[1:]
    endpoint = urlsplit(settings["endpoint"])
    if parts.scheme != endpoint.scheme:
        return None
    if parts.netloc == endpoint.netloc and parts.path.startswith(endpoint.path.rstrip("/") + "/"):
        return _cut(parts.path[len(endpoint.path.rstrip("/")) :])
    if parts.netloc.endswith(f".{endpoint.netloc}"):
        return parts.netloc[: -len(endpoint.netloc) - 1], parts.path[1:]
    return None


def _google(parts: SplitResult, _settings: Mapping[str, str]) -> tuple[str, str] | None:
    if parts.scheme == "gs":
        return parts.netloc, parts.path[1:]
    return _cut(parts.path) if parts.scheme == "https" and parts.netloc in _GOOGLE else None


def _azure(parts: SplitResult, settings: Mapping[str, str]) -> tuple[str, str] | None:
    endpoint = urlsplit(_azure_endpoint(settings))
    below = endpoint.path.rstrip("/") + "/"
    if (parts.scheme, parts.netloc) != (endpoint.scheme, endpoint.netloc) or not parts.path.startswith(below):
        return None
    return _cut(parts.path[len(below) :])


def _azure_endpoint(settings: Mapping[str, str]) -> str:
    return settings.get("endpoint", "").rstrip("/") or f"https://{settings['account']}.blob.core.windows.net"
