"""Tells the time as the database and the wire write it: UTC text of fixed width."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def now() -> str:
    """This moment, for example `2026-01-31T12:00:00.000000Z`."""
    return datetime.now(UTC).strftime(_FORM)


def after(seconds: float) -> str:
    """The moment `seconds` from now (in the past when negative)."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime(_FORM)


def as_text(moment: datetime) -> str:
    """A moment as the database writes it; without a zone it is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        utc = aware.astimezone(UTC)
    except OverflowError:  # in another zone it lies before the first or after the last year there is
        utc = (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)
    return utc.isoformat(timespec="microseconds").replace("+00:00", "Z")


def legacy(text: str) -> str:
    """A stored time as the legacy door writes it: UTC in whole seconds, `2026-01-31 12:00:00`."""
    return f"{text[:10]} {text[11:19]}"
