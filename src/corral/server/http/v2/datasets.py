"""Datasets, their users, integrations and the caller's token at the REST door."""

from __future__ import annotations

from typing import Any

from corral.errors import InvalidArgumentsError
from corral.records.access import ListIntegrations, UserEmails
from corral.records.dataset import CreateDatasetPayload, DatasetsWithUserRolesListParams
from corral.server import clock
from corral.server.access import callers
from corral.server.datasets import commands, queries
from corral.server.http import encoding
from corral.server.http.house import Call
from corral.server.ingest.unit_specs import check_title
from corral.server.integrations import queries as integrations
from corral.vocabulary import DatasetUserRole, StorageLocation


def bearer_token(call: Call, _payload: None) -> dict[str, Any]:
    """GET user/bearer-token: a new token for the caller."""
    return {"token": callers.issue_token(call.caller, call.tx)}


def list_datasets(call: Call, wanted: DatasetsWithUserRolesListParams) -> dict[str, Any]:
    """GET datasets/list: every dataset of the caller that fits all filters."""
    moments = ("created_before", "created_after", "edited_before", "edited_after")
    found = queries.list_datasets(
        call.caller,
        call.tx,
        queries.DatasetFilter(
            title_eq=wanted.title_eq,
            title_like=wanted.title_like,
            title_contains=wanted.title_cont,
            description_eq=wanted.description_eq,
            description_like=wanted.description_like,
            everyone=wanted.include_org_access,
            **{name: clock.as_text(value) for name in moments if (value := getattr(wanted, name)) is not None},
        ),
    )
    return {"result": [_entry(dataset) for dataset in found]}


def _entry(dataset: dict[str, Any]) -> dict[str, Any]:
    return {
        "datasetUuid": dataset["id"],
        "title": dataset["title"],
        "description": dataset["description"],
        "createdAt": dataset["created_at"],
        "lastEditedAt": dataset["last_edited_at"],
        "userRole": dataset["role"],
        "storageLocation": int(StorageLocation.CORD_STORAGE),
        "backingFolderUuid": dataset["backing_folder_id"],
    }


def create_dataset(call: Call, payload: CreateDatasetPayload) -> dict[str, Any]:
    """POST datasets: a new dataset, with a backing folder where it is to be a mirror."""
    if not payload.title.strip():
        raise InvalidArgumentsError("A dataset needs a title.")
    check_title(payload.title, call.house.settings.limits.title_characters)
    dataset_id, folder_id = commands.create_dataset(
        call.caller,
        call.tx,
        payload.title,
        description=payload.description or "",
        with_folder=payload.create_backing_folder,
    )
    return {"datasetUuid": dataset_id, "backingFolderUuid": folder_id}


def list_users(call: Call, _payload: None) -> dict[str, Any]:
    """GET datasets/{dataset}/users: everybody the dataset was given to; roles are numbers here."""
    dataset_id, users = queries.list_users(call.caller, call.tx, call.path["dataset"])
    return encoding.page(
        [
            {
                "datasetUuid": dataset_id,
                "userEmail": user["email"],
                "userRole": int(DatasetUserRole.ADMIN if user["role"] == "admin" else DatasetUserRole.USER),
            }
            for user in users
        ]
    )


def remove_users(call: Call, payload: UserEmails) -> None:
    """POST datasets/{dataset}/users/bulk-delete: stop sharing; unknown e-mails are ignored."""
    commands.remove_users(call.caller, call.tx, call.path["dataset"], payload.user_emails)


def list_integrations(call: Call, wanted: ListIntegrations) -> dict[str, Any]:
    """GET cloud-integrations: the integrations given to the caller, by identifiers and titles."""
    ids = wanted.filter_integration_uuids
    found = integrations.list_integrations(
        call.caller,
        call.tx,
        ids=None if ids is None else [str(one) for one in ids],
        titles=wanted.filter_integration_titles,
        everyone=wanted.include_org_access,
    )
    return {"result": [{"integrationUuid": row["id"], "title": row["title"]} for row in found]}
