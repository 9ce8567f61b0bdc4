"""Renders templates, with the words and headers that every page shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.responses import HTMLResponse

from corral.version import __version__

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; media-src 'self'; frame-src 'self'; object-src 'self';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "imageGroup": "image group",
    "imageSequence": "image sequence",
    "dicomSeries": "DICOM series",
    "dicomFile": "DICOM file",
    "nifti": "NIfTI volume",
    "pdf": "PDF",
    "plainText": "text",
    "timeseries": "time series",
    "scene": "scene",
    "group": "group",
}


def show(template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A template as a response."""
    return HTMLResponse(_environment.get_template(template).render(version=__version__, **values), status, _HEADERS)


def bytes_in_words(size: int | None) -> str:
    """A size as people read it, for example 1.4 MB."""
    if size is None:
        return ""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def facts_in_words(row: Mapping[str, Any]) -> list[str]:
    """The facts of an item as short phrases, only those it has."""
    found = [_KINDS.get(row["item_type"], row["item_type"]), bytes_in_words(row["file_size"])]
    if row["width"] and row["height"]:
        found.append(f"{row['width']} x {row['height']}")
    if row["fps"]:
        found.append(f"{row['fps']:g} fps")
    if row["frame_count"]:
        found.append(f"{row['frame_count']} frames")
    if row["page_count"]:
        found.append(f"{row['page_count']} page{'s' if row['page_count'] > 1 else ''}")
    if row["duration"] is not None:
        found.append(f"{row['duration']:.2f} s")
    if row["audio_sample_rate"]:
        found.append(f"{row['audio_sample_rate']} Hz, {row['audio_num_channels']} ch")
    return [phrase for phrase in found if phrase]


def _pretty(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False)


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["bytes"] = bytes_in_words
_environment.filters["facts"] = facts_in_words
_environment.filters["pretty"] = _pretty
_environment.filters["kind"] = lambda value: _KINDS.get(value, value)
