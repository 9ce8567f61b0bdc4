"""What Corral asks of a customer's storage: read objects by range where they lie, sign URLs, list prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from corral.errors import InvalidArgumentsError


class SourceError(InvalidArgumentsError):
    """An object cannot be read; the message says why to the person who named its URL."""


class SourceUnavailableError(SourceError):
    """The storage did not answer properly; later it may."""


@dataclass(frozen=True)
class OpenedObject:
    """An object's bytes, seekable and read by range; `path` where it is a plain local file."""

    file: BinaryIO
    size: int
    etag: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class ListedObject:
    """One object of a listing, named by the URL that reads it."""

    url: str
    size: int
    etag: str | None


class Source(Protocol):
    """One integration's storage. Methods raise SourceError with words for whoever named the URL."""

    def title(self, url: str) -> str:
        """Path and name inside the bucket or below the root: the default title."""
        ...

    def check_prefix(self, url: str) -> None:
        """Refuse a URL below which nothing of this integration can lie. No I/O."""
        ...

    def open(self, url: str) -> OpenedObject:
        """The object, after its first bytes were read: it is there and may be read."""
        ...

    def sign_get(self, url: str, *, mime_type: str | None, filename: str | None, seconds: int) -> str:
        """A URL that anybody can read, with ranges, until it expires. Arithmetic only: no I/O."""
        ...

    def list(self, prefix: str, after: str | None = None) -> Iterator[list[ListedObject]]:
        """Pages of the objects below a URL, in the order of their keys, after the URL `after`."""
        ...
