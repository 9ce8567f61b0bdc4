"""Operations of the REST wire that are known and not built yet: each answers an error that names it."""

from __future__ import annotations

from corral.server.http.operations import Operation

_FOLDER = "storage/folders/{folder}"
_GROUP = "organisation/groups/{group}"
_COLLECTION = "index/collections/{collection}"

PLANNED = (
    Operation("GET", "datasets/{dataset}/groups", "groups of a dataset"),
    Operation("POST", "datasets/{dataset}/groups", "give a dataset to groups"),
    Operation("DELETE", "datasets/{dataset}/groups", "take a dataset from groups"),
    Operation("GET", f"{_FOLDER}/groups", "groups of a folder"),
    Operation("POST", f"{_FOLDER}/groups", "give a folder to groups"),
    Operation("DELETE", f"{_FOLDER}/groups", "take a folder from groups"),
    Operation("POST", f"{_FOLDER}/create-group-items", "create data groups"),
    Operation("POST", "storage/items/reencode", "start re-encoding videos"),
    Operation("GET", "storage/items/reencode/{job}", "state of a re-encoding job"),
    Operation("GET", "scene/{item}", "streams of a scene"),
    Operation("GET", "user/current-organisation/groups", "groups of the organisation"),
    Operation("POST", "organisation/groups", "create a group"),
    Operation("GET", _GROUP, "one group"),
    Operation("PATCH", _GROUP, "update a group"),
    Operation("DELETE", _GROUP, "delete a group"),
    Operation("GET", f"{_GROUP}/users", "members of a group"),
    Operation("POST", f"{_GROUP}/users", "add members to a group"),
    Operation("POST", f"{_GROUP}/users/bulk-delete", "remove members from a group"),
    Operation("GET", "organisation/users", "users of the organisation"),
    Operation("POST", "organisation/users", "add a user to the organisation"),
    Operation("DELETE", "organisation/users/{email}", "remove a user from the organisation"),
    Operation("GET", "organisation/organisation-tags", "organisation tags"),
    Operation("POST", "organisation/organisation-tags", "create an organisation tag"),
    Operation("DELETE", "organisation/organisation-tags/{tag}", "delete an organisation tag"),
    Operation("GET", "organisation/client-metadata-schema-v2", "the client metadata schema"),
    Operation("POST", "organisation/client-metadata-schema-v2", "set the client metadata schema"),
    Operation("GET", "organisation/client-metadata-schema", "the client metadata schema (older form)"),
    Operation("POST", "organisation/client-metadata-schema", "set the client metadata schema (older form)"),
    Operation("POST", "dicom-deidentification", "start de-identifying DICOM files"),
    Operation("GET", "dicom-deidentification/{job}", "wait for a de-identification"),
    Operation("GET", "index/collections", "collections"),
    Operation("POST", "index/collections", "create a collection"),
    Operation("PATCH", _COLLECTION, "update a collection"),
    Operation("DELETE", _COLLECTION, "delete a collection"),
    Operation("GET", f"{_COLLECTION}/accessible-items", "items of a collection that the caller may see"),
    Operation("GET", f"{_COLLECTION}/all-items", "all items of a collection"),
    Operation("POST", f"{_COLLECTION}/add-items", "add items to a collection"),
    Operation("POST", f"{_COLLECTION}/remove-items", "remove items from a collection"),
    Operation("POST", f"{_COLLECTION}/add-data-title-items", "add items to a collection by title"),
    Operation("POST", f"{_COLLECTION}/add-preset-items", "add the items of a filter preset"),
    Operation("POST", f"{_COLLECTION}/remove-preset-items", "remove the items of a filter preset"),
    Operation("GET", "index/presets", "filter presets"),
    Operation("POST", "index/presets", "create a filter preset"),
    Operation("GET", "index/presets/{preset}", "one filter preset"),
    Operation("PATCH", "index/presets/{preset}", "update a filter preset"),
    Operation("DELETE", "index/presets/{preset}", "delete a filter preset"),
)
