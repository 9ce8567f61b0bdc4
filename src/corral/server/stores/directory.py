"""Reads a local or mounted directory in place: `file://` URLs below one root, nothing is copied."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from urllib.parse import quote, unquote

from corral.server.stores.source import ListedObject, OpenedObject, SourceError
from corral.server.stores.url_signing import UrlSigner

_PAGE = 1000


class DirectorySource:
    """Files below a root. Links may point around below it but never out of it."""

    def __init__(self, root: str, integration_id: str, signer: UrlSigner) -> None:
        self._root = os.path.realpath(root)
        self._inside = self._root.rstrip("/") + "/"
        self._integration_id = integration_id
        self._signer = signer

    def title(self, url: str) -> str:
        """The path below the root."""
        return self._path(url)[len(self._inside) :]

    def check_prefix(self, url: str) -> None:
        """See Source.check_prefix."""
        self._path(url, is_folder=True)

    def open(self, url: str) -> OpenedObject:
        """See Source.open."""
        path = self._path(url)
        try:
            # Without O_NONBLOCK, opening a pipe would wait for a writer for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise SourceError(f"There is no file at {url}.") from None
        except OSError as error:
            raise SourceError(f"{url} cannot be opened: {error.strerror}.") from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not self._is_inside(_real_path(descriptor, path)):
            os.close(descriptor)
            raise SourceError(f"{url} is no file below the directory of this integration.")
        file = os.fdopen(descriptor, "rb", buffering=0)
        return OpenedObject(file, status.st_size, _etag(status), path)

    def sign_get(self, url: str, *, mime_type: str | None, filename: str | None, seconds: int) -> str:
        """See Source.sign_get: a URL of this server."""
        fields = {name: value for name, value in (("type", mime_type), ("name", filename)) if value}
        path = f"/sources/{self._integration_id}/{self.title(url)}"
        return self._signer.sign("GET", path, seconds=seconds, fields=fields)

    def local_url(self, below: str) -> str:
        """The URL of the file at this path below the root."""
        return "file://" + quote(self._inside + below)

    def list(self, prefix: str, after: str | None = None) -> Iterator[list[ListedObject]]:
        """See Source.list."""
        start = self._path(prefix, is_folder=True)
        if not os.path.isdir(start):
            raise SourceError(f"There is no directory at {prefix}.")
        last = self._path(after) if after else ""
        page: list[ListedObject] = []
        for path in _walk(start, last):
            if not self._is_inside(os.path.realpath(path)):
                continue
            try:
                status = os.stat(path)
            except OSError:
                continue  # it went while we looked
            page.append(ListedObject("file://" + quote(path), status.st_size, _etag(status)))
            if len(page) == _PAGE:
                yield page
                page = []
        if page:
            yield page

    def _path(self, url: str, *, is_folder: bool = False) -> str:
        if not url.startswith("file:///"):
            raise SourceError(f"{url[:200]} is no file:// URL of an absolute path.")
        if "?" in url or "#" in url:
            raise SourceError(f"{url[:200]} has a ? or # in it; write them %3F and %23.")
        path = url[len("file://") :]
        if "%" in path:
            path = unquote(path, errors="surrogateescape")
        if "\0" in path or ("/." in path and ("/../" in f"{path}/" or "/./" in f"{path}/")):
            raise SourceError(f"{url[:200]} has . or .. in its path; name the file directly.")
        inside = path.startswith(self._inside) or (is_folder and path.rstrip("/") == self._root)
        if not inside:
            raise SourceError(f"{url[:200]} does not lie below the directory of this integration.")
        return path

    def _is_inside(self, real_path: str) -> bool:
        return real_path.startswith(self._inside)


def _real_path(descriptor: int, path: str) -> str:
    """Where an open file truly lies, asked of the open file itself so that no link can be swapped meanwhile."""
    return os.readlink(f"/proc/self/fd/{descriptor}") if sys.platform == "linux" else os.path.realpath(path)


def _etag(status: os.stat_result) -> str:
    return f"{status.st_size:x}-{status.st_mtime_ns:x}"


def _walk(folder: str, after: str) -> Iterator[str]:
    """Files below a folder in the order of their paths, those after `after`; hidden ones too."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name + ("/" if entry.is_dir() else ""))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            # A subtree that ends before the place where the walk goes on is not entered at all.
            if entry.path + "0" > after:  # '0' is the sign after '/'
                yield from _walk(entry.path, after)
        elif entry.path > after and entry.is_file():
            yield entry.path
