"""Reads media without risk: plain headers in this process, everything that needs a decoder in child processes.

A child that hangs is killed when its time is up; one that crashes fails its own file only and is replaced.
"""

from __future__ import annotations

import base64
import io
import json
import os
import queue
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from corral.server.media.facts import Facts, MediaError
from corral.server.media.probe import probe_header
from corral.vocabulary import StorageItemType

# Nothing secret of the parent's environment is for the children.
_KEPT_VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
# Decoding and encoding one large photo, on a slow machine.
_SECONDS_PER_IMAGE = 5.0


class MediaWorkers:
    """A few child processes, started when first needed; threads may share them."""

    def __init__(self, size: int = 2, timeout: float = 60.0) -> None:
        self._timeout = timeout
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(max(1, size)):
            self._idle.put(None)
        self._closed = False

    def probe(self, path: str, kind: StorageItemType, name: str) -> Facts:
        """The facts of a local file. Raises MediaError."""
        with open(path, "rb") as file:
            return self.probe_file(file, kind, name, path=path)

    def probe_file(self, file: BinaryIO, kind: StorageItemType, name: str, *, path: str | None = None) -> Facts:
        """The facts of a seekable file, wherever its bytes lie; `path` if they lie here. Raises MediaError."""
        facts = probe_header(file, kind, name)
        if facts is not None:
            return facts
        request: dict[str, Any] = {"task": "probe", "kind": kind.value, "name": name}
        if path is not None:
            return Facts.from_json(self._ask({**request, "path": path})["facts"])
        size = file.seek(0, io.SEEK_END)
        return Facts.from_json(self._ask({**request, "size": size}, file=file)["facts"])

    def preview(self, path: str, kind: StorageItemType, max_pixels: int = 256) -> tuple[bytes, str]:
        """A small picture of a local file and its MIME type. Raises MediaError."""
        answer = self._ask({"task": "preview", "path": path, "kind": kind.value, "pixels": max_pixels})
        return base64.b64decode(answer["content"]), answer["mime"]

    def encode_sequence(self, paths: Sequence[str], target: str, width: int, height: int) -> None:
        """Encode images of one size as a video (see media/sequences). Raises MediaError."""
        request = {"task": "sequence", "paths": list(paths), "target": target, "width": width, "height": height}
        self._ask(request, extra_seconds=_SECONDS_PER_IMAGE * len(paths))

    def close(self) -> None:
        """Stop the children."""
        self._closed = True
        while True:
            try:
                child = self._idle.get_nowait()
            except queue.Empty:
                return
            if child is not None:
                child.stop()

    def _ask(self, request: dict[str, Any], extra_seconds: float = 0.0, file: BinaryIO | None = None) -> dict[str, str]:
        child: _Child | None = self._idle.get()
        try:
            if child is None or not child.is_alive():
                child = _Child()
            answer = child.ask(request, self._timeout + extra_seconds, file)
        except BaseException as failure:
            # Whatever went wrong in between (also the storage's own errors), the child waits for an answer no more.
            if child is not None:
                child.stop()
            child = None
            if isinstance(failure, _ChildFailed):
                raise MediaError(str(failure)) from None
            raise
        finally:
            if self._closed and child is not None:
                child.stop()
                child = None
            self._idle.put(child)
        if "error" in answer:
            raise MediaError(answer["error"])
        return answer


class _ChildFailed(Exception):
    """The child gave no answer."""


class _Child:
    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "corral.server.media.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=str(Path(sys.prefix)),
            close_fds=True,
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def ask(self, request: dict[str, Any], timeout: float, file: BinaryIO | None = None) -> dict[str, str]:
        deadline = time.monotonic() + timeout
        self._write(json.dumps(request).encode() + b"\n")
        while True:
            length = int.from_bytes(self._read(8, deadline, timeout), "big")
            answer: dict[str, Any] = json.loads(self._read(length, deadline, timeout))
            if file is None or "range" not in answer:
                return answer
            start, wanted = answer["range"]
            file.seek(start)
            content = file.read(wanted)
            self._write(len(content).to_bytes(8, "big") + content)

    def _write(self, content: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(content)
            self._process.stdin.flush()
        except OSError:
            raise _ChildFailed("Reading this file failed: the reader stopped.") from None

    def _read(self, count: int, deadline: float, timeout: float) -> bytes:
        assert self._process.stdout is not None
        descriptor, gathered = self._process.stdout.fileno(), b""
        while len(gathered) < count:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise _ChildFailed(f"Reading this file took longer than {timeout:.0f} s and was stopped.")
            piece = os.read(descriptor, count - len(gathered))
            if not piece:
                raise _ChildFailed("This file crashed its reader; it is probably broken.")
            gathered += piece
        return gathered
