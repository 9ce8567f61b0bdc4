"""Reads what a script asks to register: an object, JSON text, or the path of a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from corral.errors import InvalidArgumentsError

PrivateFiles = Mapping[str, Any] | str | Path | IO[str]


def request(private_files: PrivateFiles) -> dict[str, Any]:
    """`{"files": ...}`, with the file's name where one was given. Raises InvalidArgumentsError."""
    if isinstance(private_files, Mapping):
        return {"files": dict(private_files)}
    if isinstance(private_files, (str, Path)):
        text, name = _text(private_files)
    else:
        text, name = private_files.read(), getattr(private_files, "name", None)
    try:
        files = json.loads(text)
    except ValueError as error:
        raise InvalidArgumentsError(f"{name or 'The text'} is not valid JSON: {error}.") from None
    if not isinstance(files, dict):
        raise InvalidArgumentsError(f"{name or 'The text'} must hold a JSON object such as {{'images': [...]}}.")
    return {"files": files, **({"fileName": Path(name).name} if isinstance(name, str) else {})}


def _text(given: str | Path) -> tuple[str, str | None]:
    if isinstance(given, str) and given.lstrip().startswith(("{", "[")):
        return given, None
    try:
        return Path(given).expanduser().read_text(), str(given)
    except OSError as error:
        raise InvalidArgumentsError(f"{given} cannot be read: {error.strerror}.") from None
