"""Reads the facts of PDF files, plain text and time series (CSV)."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import BinaryIO

from corral.server.media.facts import Facts, MediaError
from corral.server.media.limits import MAX_CSV_CHANNELS, MAX_TEXT_SCAN_BYTES
from corral.server.media.sniff import is_text


def probe_pdf(file: BinaryIO, size: int) -> Facts:
    """Pages of a PDF, and the size of its first page in points (1/72 inch). Raises MediaError."""
    import pypdfium2

    file.seek(0)
    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        reason = "it is locked with a password; remove it first" if locked else f"{error}"
        raise MediaError(f"This PDF cannot be opened: {reason}.") from None
    try:
        pages = len(document)
        if not pages:
            raise MediaError("This PDF has no pages.")
        width, height = document.get_page_size(0)
    finally:
        document.close()
    return Facts(
        mime_type="application/pdf", file_size=size, page_count=pages, width=round(width), height=round(height)
    )


def probe_text(file: BinaryIO, size: int, mime: str) -> Facts:
    """Check that a file is text. Raises MediaError for binary content."""
    file.seek(0)
    if not is_text(file.read(min(size, MAX_TEXT_SCAN_BYTES))):
        raise MediaError("This file is not text: it holds bytes that are no characters (UTF-8 or UTF-16).")
    if not (mime.startswith("text/") or mime in ("application/json", "application/xml", "image/svg+xml")):
        mime = "text/plain"
    if mime == "text/plain" and _is_json(file, size):
        mime = "application/json"
    return Facts(mime_type=mime, file_size=size)


def _is_json(file: BinaryIO, size: int) -> bool:
    file.seek(0)
    if size > MAX_TEXT_SCAN_BYTES or file.read(64).lstrip()[:1] not in (b"{", b"["):
        return False
    file.seek(0)
    try:
        json.loads(file.read(size))
    except (ValueError, RecursionError):
        return False
    return True


def probe_time_series(file: BinaryIO, size: int) -> Facts:
    """Columns and rows of a CSV file with a header line. Raises MediaError."""
    file.seek(0)
    if not is_text(file.read(4096)):
        raise MediaError("This file is not text; a time series is a CSV file.")
    file.seek(0, os.SEEK_SET)
    text = io.TextIOWrapper(io.BufferedReader(_Unclosed(file)), encoding="utf-8-sig", newline="", errors="strict")
    try:
        rows = csv.reader(text)
        header = next(rows, [])
        if not header or any(not name.strip() for name in header):
            raise MediaError("The first line of a time series must name every column.")
        if len(header) > MAX_CSV_CHANNELS + 1:
            raise MediaError(f"A time series may have at most {MAX_CSV_CHANNELS} channels; this has {len(header) - 1}.")
        count = sum(1 for row in rows if row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise MediaError(f"This CSV file cannot be read: {error}.") from None
    return Facts(mime_type="text/csv", file_size=size, extra={"columns": header, "rows": count})


class _Unclosed(io.RawIOBase):
    """Lets a text reader use a file without closing it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)
