"""Users, tokens and integrations as they travel."""

from __future__ import annotations

from uuid import UUID

from corral.records.record import Moment, Record
from corral.vocabulary import DatasetUserRole, DatasetUserRoleV2, StorageLocation


class BearerToken(Record):
    """A token that acts for its user until it expires."""

    token: str


class CreateDataset(Record):
    """A new dataset."""

    title: str
    description: str | None = None
    create_backing_folder: bool = True
    legacy_call: bool = False


class CreatedDataset(Record):
    """The ids of a new dataset and, for a mirror, of its folder."""

    dataset_uuid: UUID
    backing_folder_uuid: UUID | None = None


class ListDatasets(Record):
    """Filters of the dataset listing; `*_like` are SQL LIKE patterns."""

    title_eq: str | None = None
    title_like: str | None = None
    title_cont: str | None = None
    description_eq: str | None = None
    description_like: str | None = None
    created_before: Moment | None = None
    created_after: Moment | None = None
    edited_before: Moment | None = None
    edited_after: Moment | None = None
    include_org_access: bool = False


class DatasetUserEntry(Record):
    """One user of a dataset."""

    dataset_uuid: UUID
    user_email: str
    user_role: DatasetUserRole


class UserEmails(Record):
    """Users by e-mail."""

    user_emails: list[str]


class ListIntegrations(Record):
    """Filters of the integration listing."""

    filter_integration_uuids: list[UUID] | None = None
    filter_integration_titles: list[str] | None = None
    include_org_access: bool = False


class DatasetListEntry(Record):
    """A dataset in a listing, with the role of the caller."""

    dataset_uuid: UUID
    title: str
    description: str
    created_at: Moment
    last_edited_at: Moment
    user_role: DatasetUserRoleV2 | None = None
    storage_location: StorageLocation | None = None
    backing_folder_uuid: UUID | None = None


class AddDatasetUsers(Record):
    """Users to add to a dataset (legacy door)."""

    user_emails: list[str]
    user_role: DatasetUserRole


