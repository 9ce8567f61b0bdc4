"""SQL pieces that put the access rules inside queries; every query of the rooms is built with them.

The parameters `user_id`, `organisation_id` and `is_admin` come from `Caller.scope`. Roles compare as text:
'admin' sorts before 'user', so MIN(role) is the strongest role. A grant on a folder holds for all below it.
"""

from __future__ import annotations

from corral.errors import AuthorisationError
from corral.server.access.callers import Caller
from corral.vocabulary import OrganisationRole

_FOLDER_GRANTS = (
    "FROM folder_ancestor fa JOIN folder_grant fg ON fg.folder_id = fa.ancestor_id AND fg.user_id = :user_id"
)


def folder_role(folder: str) -> str:
    """SQL for the caller's role on the folder whose id is the expression `folder`; NULL where there is none."""
    grants = f"(SELECT MIN(fg.role) {_FOLDER_GRANTS} WHERE fa.folder_id = {folder})"
    return f"CASE WHEN :is_admin THEN 'admin' ELSE {grants} END"


def folder_granted(folder: str) -> str:
    """SQL that is true where the caller was given the folder, directly or above it."""
    return f"EXISTS (SELECT 1 {_FOLDER_GRANTS} WHERE fa.folder_id = {folder})"


def folder_visible(alias: str) -> str:
    """SQL that is true where the caller may see the folder row `alias`."""
    return f"({alias}.organisation_id = :organisation_id AND (:is_admin OR {folder_granted(f'{alias}.id')}))"


def dataset_role(dataset: str) -> str:
    """SQL for the role that the caller was given on a dataset; NULL where there is none."""
    return f"(SELECT dg.role FROM dataset_grant dg WHERE dg.dataset_id = {dataset} AND dg.user_id = :user_id)"


def dataset_visible(alias: str) -> str:
    """SQL that is true where the caller may see the dataset row `alias`."""
    granted = dataset_role(f"{alias}.id")
    return f"({alias}.organisation_id = :organisation_id AND (:is_admin OR {granted} IS NOT NULL))"


def integration_role(integration: str) -> str:
    """SQL for the caller's role on an integration; NULL where there is none."""
    granted = f"(SELECT ng.role FROM integration_grant ng WHERE ng.integration_id = {integration}"
    return f"CASE WHEN :is_admin THEN 'admin' ELSE {granted} AND ng.user_id = :user_id) END"


def integration_granted(integration: str) -> str:
    """SQL that is true where the caller was given the integration."""
    return (
        f"EXISTS (SELECT 1 FROM integration_grant ng WHERE ng.integration_id = {integration} AND ng.user_id = :user_id)"
    )


def integration_visible(alias: str) -> str:
    """SQL that is true where the caller may see the integration row `alias`."""
    granted = integration_granted(f"{alias}.id")
    return f"({alias}.organisation_id = :organisation_id AND (:is_admin OR {granted}))"


def item_visible(alias: str) -> str:
    """SQL that is true where the caller may see the item row `alias`: by its folder, or by a dataset that holds it.

    A part of a composite (a frame, a DICOM file) is seen wherever its composite is.
    """
    in_dataset = (
        "EXISTS (SELECT 1 FROM data_row vr JOIN dataset_grant vg ON vg.dataset_id = vr.dataset_id"
        " AND vg.user_id = :user_id WHERE vr.item_id = {item})"
    )
    as_part = (
        "EXISTS (SELECT 1 FROM item_child vc JOIN data_row vr ON vr.item_id = vc.parent_id"
        " JOIN dataset_grant vg ON vg.dataset_id = vr.dataset_id AND vg.user_id = :user_id"
        f" WHERE vc.child_id = {alias}.id)"
    )
    return (
        f"({alias}.organisation_id = :organisation_id AND (:is_admin"
        f" OR {folder_granted(f'{alias}.folder_id')} OR {in_dataset.format(item=f'{alias}.id')} OR {as_part}))"
    )


def require_creator(caller: Caller) -> None:
    """Raise AuthorisationError unless the caller's organisation role may create datasets and folders."""
    if caller.role == OrganisationRole.TASKER.value:
        raise AuthorisationError("Your role in the organisation may not create datasets or folders.")
