"""Every name of the reference page exists and behaves as the page says."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from corral.errors import CorralError
from corral.records import dataset
from corral.records.dataset import DataRow, Dataset, DatasetUserRole, DatasetUserRoleV2, StorageLocation
from corral.records.record import parse_moment

NAMES = [
    "DatasetUserRole",
    "DatasetUserRoleV2",
    "dataset_user_role_str_enum_to_int_enum",
    "DatasetUser",
    "DataLinkDuplicatesBehavior",
    "DataClientMetadata",
    "ImageData",
    "DataRow",
    "DataRows",
    "DatasetInfo",
    "Dataset",
    "DatasetDataInfo",
    "AddPrivateDataResponse",
    "CreateDatasetResponse",
    "StorageLocation",
    "DatasetType",
    "DatasetData",
    "SignedVideoURL",
    "SignedImageURL",
    "SignedImagesURL",
    "SignedAudioURL",
    "SignedDicomURL",
    "SignedDicomsURL",
    "Video",
    "ImageGroup",
    "Image",
    "SingleImage",
    "Audio",
    "Images",
    "DicomSeries",
    "DicomDeidentifyTask",
    "ImageGroupOCR",
    "ReEncodeVideoTaskResult",
    "ReEncodeVideoTask",
    "DatasetAccessSettings",
    "ImagesDataFetchOptions",
    "LongPollingStatus",
    "DataUnitError",
    "DatasetDataLongPolling",
    "DatasetLinkItems",
    "CreateDatasetPayload",
    "CreateDatasetResponseV2",
    "DatasetsWithUserRolesListParams",
    "DatasetWithUserRole",
    "DatasetsWithUserRolesListResponse",
]
WIRE_ROW: dict[str, Any] = {
    "data_hash": "01900000-0000-7000-8000-000000000001",
    "data_title": "a.png",
    "data_type": "IMAGE",
    "created_at": "2025-06-01 12:00:00",
    "last_edited_at": "2025-06-01 12:00:00",
    "width": 1,
    "height": 1,
    "file_link": "k/a.png",
    "file_size": 3,
    "file_type": "image/png",
    "storage_location": 0,
    "frames_per_second": None,
    "duration": None,
    "client_metadata": None,
    "images_data": None,
    "signed_url": None,
    "is_optimised_image_group": None,
    "backing_item_uuid": "01900000-0000-7000-8000-000000000002",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there_and_documented(name: str) -> None:
    thing = getattr(dataset, name)
    assert name in dataset.__all__
    assert inspect.getdoc(thing)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_the_vendor_has_is_missing(name: str) -> None:
    vendor = importlib.import_module("encord.orm.dataset")
    if not hasattr(vendor, name):
        assert name == "ImageGroupOCR"  # only older versions have it
        return
    theirs, ours = getattr(vendor, name), getattr(dataset, name)
    internal = {"to_dict", "from_pydantic", "dict", "json", "updatable_fields"}
    public = {attribute for attribute in vars(theirs) if not attribute.startswith("_")} - internal
    fields = set(getattr(ours, "model_fields", {})) | set(getattr(ours, "__dataclass_fields__", {}))
    missing = {a for a in public if not hasattr(ours, a) and a not in fields and not a.startswith("model_")}
    assert missing == set()


def test_rows_are_the_same_dicts() -> None:
    vendor = importlib.import_module("encord.orm.dataset")
    theirs, ours = dict(vendor.DataRow.from_dict(WIRE_ROW)), dict(DataRow.from_dict(WIRE_ROW))
    assert set(theirs) == set(ours)
    assert {key: value for key, value in theirs.items() if not key.startswith("_")} == {
        key: value for key, value in ours.items() if not key.startswith("_")
    }


class Server:
    """Stands for the server behind a row."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def fetch(self, data_hash: str, additional_data: Mapping[str, Any]) -> DataRow:
        self.asked.append((data_hash, additional_data))
        return DataRow.from_dict(self.answer)

    def save(self, data_hash: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((data_hash, dict(fields)))
        return {"updated_fields": list(fields), "data_row": {**self.answer, **fields}}


def test_setters_are_queued_until_save() -> None:
    server = Server(WIRE_ROW)
    row = DataRow.from_dict(WIRE_ROW).bind(server)
    row.title = "b.png"
    row.client_metadata = {"k": None}
    row.title = "c.png"
    assert server.asked == []
    with pytest.warns(DeprecationWarning):
        row.save()
    assert server.asked == [(row.uid, {"data_title": "c.png", "client_metadata": {"k": None}})]
    with pytest.raises(TypeError):
        row.client_metadata["k"] = 1  # type: ignore[index]
    with pytest.warns(DeprecationWarning):
        row.save()
    assert server.asked[-1] == (row.uid, {})


def test_nulls_do_not_overwrite() -> None:
    row = DataRow.from_dict(WIRE_ROW).bind(Server({**WIRE_ROW, "signed_url": "http://x"}))
    row.refetch_data(signed_url=True)
    row["_querier"] = Server(WIRE_ROW)
    row.refetch_data()
    assert row.signed_url == "http://x"


def test_unconnected_rows_say_so() -> None:
    row = DataRow.from_dict(WIRE_ROW)
    with pytest.raises(CorralError, match="not connected"):
        row.refetch_data()


def test_unknown_words_degrade() -> None:
    row = DataRow.from_dict({**WIRE_ROW, "data_type": "HOLOGRAM", "storage_location": 77, "backing_item_uuid": None})
    assert row.data_type is dataset.DataType.MISSING_DATA_TYPE
    assert row.storage_location is StorageLocation.NEW_STORAGE
    with pytest.raises(NotImplementedError):
        _ = row.backing_item_uuid


def test_deprecated_names_warn() -> None:
    row = DataRow.from_dict({**WIRE_ROW, "is_optimised_image_group": True})
    with pytest.warns(DeprecationWarning):
        assert row.is_optimised_image_group is True
    with pytest.warns(DeprecationWarning):
        row.created_at = datetime(2020, 1, 1, tzinfo=UTC)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert row.is_image_sequence is True


def test_dataset_as_a_record() -> None:
    record = Dataset.from_dict(
        {"dataset_hash": "d", "title": "t", "description": None, "dataset_type": "AWS_S3", "data_rows": [WIRE_ROW]}
    )
    assert record.storage_location is StorageLocation.AWS
    record.storage_location = StorageLocation.GCP
    record.title = "u"
    assert (record["dataset_type"], record["title"], record.data_rows[0].title) == ("GCP_STR", "u", "a.png")


def test_roles_convert() -> None:
    convert = dataset.dataset_user_role_str_enum_to_int_enum
    assert convert(DatasetUserRoleV2.ADMIN) is DatasetUserRole.ADMIN
    assert convert(DatasetUserRoleV2.USER) is DatasetUserRole.USER


def test_payloads_as_on_the_wire() -> None:
    payload = dataset.CreateDatasetPayload(title="T")
    assert payload.to_wire() == {"title": "T", "createBackingFolder": True, "legacyCall": False}
    state = {
        "status": "DONE",
        "data_hashes_with_titles": [{"data_hash": "h", "title": "t", "backing_item_uuid": str(UUID(int=1))}],
        "errors": [],
        "data_unit_errors": [],
        "units_pending_count": 0,
        "units_done_count": 1,
        "units_error_count": 0,
        "units_cancelled_count": 0,
        "something_new": 1,
    }
    assert dataset.DatasetDataLongPolling.from_wire(state).data_hashes_with_titles[0].backing_item_uuid == UUID(int=1)


@pytest.mark.parametrize(
    "text", ["2025-05-01 13:53:59", "Thu, 01 May 2025 13:53:59 GMT", "2025-05-01T13:53:59Z", 1746107639]
)
def test_times_in_every_form(text: object) -> None:
    assert parse_moment(text) == datetime(2025, 5, 1, 13, 53, 59, tzinfo=UTC)
