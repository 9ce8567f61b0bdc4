"""Users, tokens and integrations as they travel."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from corral.records.record import Record
from corral.vocabulary import DatasetUserRole


class BearerToken(Record):
    """A token that acts for its user until it expires."""

    token: str


class DatasetUserEntry(Record):
    """One user of a dataset."""

    dataset_uuid: UUID
    user_email: str
    user_role: DatasetUserRole


class UserEmails(Record):
    """Users by e-mail."""

    user_emails: list[str]


class CloudIntegration(Record):
    """Storage of a customer that data can be registered from."""

    id: UUID = Field(alias="integrationUuid")
    title: str


class ListIntegrations(Record):
    """Filters of the integration listing."""

    filter_integration_uuids: list[UUID] | None = None
    filter_integration_titles: list[str] | None = None
    include_org_access: bool = False


class AddDatasetUsers(Record):
    """Users to add to a dataset (legacy door)."""

    user_emails: list[str]
    user_role: DatasetUserRole
