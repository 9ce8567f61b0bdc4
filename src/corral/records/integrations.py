"""Integrations as they travel: storage of a customer that Corral reads in place."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from corral.records.record import Moment, Record


class Integration(Record):
    """An integration without its credentials, which nobody is shown again."""

    uuid: UUID
    title: str
    kind: str
    settings: dict[str, str]
    is_client_only: bool
    url_seconds: int
    created_at: Moment
    last_edited_at: Moment


class AddIntegration(Record):
    """A new integration; `values` holds settings and credentials of its kind (see docs/integrations.md)."""

    title: str
    kind: str
    values: dict[str, str] = Field(default_factory=dict)
    is_client_only: bool = False
    url_seconds: int | None = None


class RotateIntegration(Record):
    """Other credentials (and settings) of an integration."""

    values: dict[str, str]


class ReadObject(Record):
    """An object that an integration should be able to read."""

    object_url: str
