"""A child process that reads media: one JSON request a line on stdin, one length-prefixed answer on stdout.

Bytes that lie in a bucket are asked of the parent, range by range, over the same pipes: the child needs no network.
"""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import sys
from typing import Any, BinaryIO

from corral.server.media.facts import MediaError
from corral.server.media.limits import CHILD_MEMORY_BYTES
from corral.vocabulary import StorageItemType

_PIECE = 256 * 1024


def main() -> None:
    """Serve until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY_BYTES, CHILD_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Decoders print to stdout and stderr as they please; the pipe must carry answers only.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    questions = sys.stdin.buffer
    while line := questions.readline():
        request = json.loads(line)
        if "size" in request:
            request["file"] = io.BufferedReader(_ParentFile(questions, answers, request["size"]), _PIECE)
        _answer(answers, _work(request))


class _ParentFile(io.RawIOBase):
    """A file whose bytes the parent reads."""

    name = "<object>"  # some readers ask every file for one

    def __init__(self, questions: BinaryIO, answers: BinaryIO, size: int) -> None:
        self._questions = questions
        self._answers = answers
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), max(0, self._size - self._position))
        if not wanted:
            return 0
        _answer(self._answers, {"range": [self._position, wanted]})
        length = int.from_bytes(self._questions.read(8), "big")
        if length != wanted:
            raise OSError("the storage stopped giving bytes")
        buffer[:wanted] = self._questions.read(length)
        self._position += wanted
        return wanted


def _probe(request: dict[str, Any]) -> dict[str, str]:
    from corral.server.media.probe import probe

    with request.get("file") or open(request["path"], "rb") as file:
        return {"facts": probe(file, StorageItemType(request["kind"]), request["name"]).to_json()}


def _preview(request: dict[str, Any]) -> dict[str, str]:
    from corral.server.media.preview import preview

    content, mime = preview(request["path"], StorageItemType(request["kind"]), request["pixels"])
    return {"content": base64.b64encode(content).decode(), "mime": mime}


def _sequence(request: dict[str, Any]) -> dict[str, str]:
    from corral.server.media.sequences import encode_sequence

    encode_sequence(request["paths"], request["target"], request["width"], request["height"])
    return {}


_TASKS = {"probe": _probe, "preview": _preview, "sequence": _sequence}


def _work(request: dict[str, Any]) -> dict[str, str]:
    try:
        return _TASKS[request["task"]](request)
    except MediaError as error:
        return {"error": error.message}
    except MemoryError:
        return {"error": "Reading this file takes more memory than is allowed."}
    except Exception as error:
        return {"error": f"This file cannot be read: {type(error).__name__}: {error}."}


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    answers.write(len(body).to_bytes(8, "big") + body)


if __name__ == "__main__":
    main()
