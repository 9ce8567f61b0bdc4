"""Hands out upload slots: a key in the platform's store that one client may fill, and one job may claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corral.errors import InvalidArgumentsError
from corral.server import clock
from corral.server.access.callers import Caller
from corral.server.database import Transaction
from corral.server.identifiers import new_id
from corral.server.ingest.unit_specs import FileSpec, UnitSpec
from corral.server.statements import Statement
from corral.vocabulary import StorageItemType

# A slot outlives the URL that fills it, so that no upload in flight loses its place.
_GRACE_SECONDS = 3600
_INSERT = Statement(
    "INSERT INTO upload_slot (id, organisation_id, user_id, folder_id, object_key, item_type, created_at, expires_at)"
    " VALUES (:id, :organisation_id, :user_id, :folder_id, :object_key, :item_type, :now, :expires)"
)
_CLAIM = (
    "UPDATE upload_slot SET job_id = :job_id WHERE {match} AND user_id = :user_id AND job_id IS NULL"
    " RETURNING id, object_key"
)
_OPEN = Statement("SELECT id FROM upload_slot WHERE object_key = :key AND job_id IS NULL AND expires_at > :now")
_FIND = "SELECT id, object_key FROM upload_slot WHERE {match} = :value AND user_id = :user_id AND job_id IS NULL"
_FIND_BY_ID = Statement(_FIND.format(match="id"))
_FIND_BY_KEY = Statement(_FIND.format(match="object_key"))
_FULFIL = Statement("DELETE FROM upload_slot WHERE id IN :ids[]")
_RELEASE = Statement("UPDATE upload_slot SET job_id = NULL WHERE id IN :ids[]")
_CLAIM_BY_ID = Statement(_CLAIM.format(match="id = :slot_id"))
_CLAIM_BY_KEY = Statement(_CLAIM.format(match="object_key = :object_key"))


@dataclass(frozen=True)
class Slot:
    """A reserved place: the id that the item will have and the key that its bytes will have."""

    item_id: str
    object_key: str


def reserve(
    caller: Caller,
    tx: Transaction,
    item_type: StorageItemType,
    count: int,
    *,
    seconds: int,
    most: int,
    folder_id: str | None = None,
) -> list[Slot]:
    """Reserve `count` slots for as long as their signed URLs last. Raises InvalidArgumentsError on a bad count."""
    if not 1 <= count <= most:
        raise InvalidArgumentsError(f"Between 1 and {most} upload slots can be reserved at once, not {count}.")
    slots = [Slot(item_id, _key(caller, item_id)) for item_id in (new_id() for _ in range(count))]
    now, expires = clock.now(), clock.after(seconds + _GRACE_SECONDS)
    rows = [
        {
            "id": slot.item_id,
            "organisation_id": caller.organisation_id,
            "user_id": caller.user_id,
            "folder_id": folder_id,
            "object_key": slot.object_key,
            "item_type": item_type.value,
            "now": now,
            "expires": expires,
        }
        for slot in slots
    ]
    _INSERT.run_many(tx, rows)
    return slots


def _key(caller: Caller, item_id: str) -> str:
    # The last digits of a UUIDv7 are random: they spread objects evenly over folders.
    return f"hosted/{caller.organisation_id}/{item_id[-2:]}/{item_id}"


def is_open(tx: Transaction, object_key: str) -> bool:
    """Whether bytes may still be written under this key: its slot exists and no job has claimed it."""
    return _OPEN.first(tx, {"key": object_key, "now": clock.now()}) is not None


def claim(caller: Caller, tx: Transaction, job_id: str, units: Sequence[UnitSpec]) -> list[str | None]:
    """Tie the slots that the units name to a job, and write their keys into the specs.

    Returns for each unit None, or why it cannot be done (an unknown, foreign or already used slot).
    """
    return [_claim_unit(caller, tx, job_id, unit) for unit in units]


def _claim_unit(caller: Caller, tx: Transaction, job_id: str, unit: UnitSpec) -> str | None:
    return None if all(_claim_file(caller, tx, job_id, file) for file in unit.files) else _unknown(unit)


def _claim_file(caller: Caller, tx: Transaction, job_id: str, file: FileSpec) -> bool:
    values = {"job_id": job_id, "user_id": caller.user_id, "slot_id": file.slot_id, "object_key": file.url}
    found = (_CLAIM_BY_ID if file.slot_id else _CLAIM_BY_KEY).first(tx, values)
    if found is None:
        return False
    file.slot_id, file.object_key = found["id"], found["object_key"]
    return True


def release(tx: Transaction, unit: UnitSpec) -> None:
    """Give the slots of a unit that failed back to their owner, until they expire."""
    _RELEASE.run(tx, {"ids": [file.slot_id for file in unit.files if file.object_key is not None]})


def fulfil(tx: Transaction, units: Sequence[UnitSpec]) -> None:
    """The files of these units are items now: their slots are gone."""
    ids = [file.slot_id for unit in units for file in (*unit.files, unit.product) if file is not None]
    _FULFIL.run(tx, {"ids": ids})


def look_up(caller: Caller, tx: Transaction, units: Sequence[UnitSpec]) -> list[str | None]:
    """Write the keys of the slots that the units name into the specs, without claiming them.

    Returns for each unit None, or why it cannot be done (see `claim`).
    """
    return [None if all(_find_file(caller, tx, file) for file in unit.files) else _unknown(unit) for unit in units]


def _find_file(caller: Caller, tx: Transaction, file: FileSpec) -> bool:
    query, value = (_FIND_BY_ID, file.slot_id) if file.slot_id else (_FIND_BY_KEY, file.url)
    found = query.first(tx, {"value": value, "user_id": caller.user_id})
    file.object_key = None if found is None else str(found["object_key"])
    if found is not None:
        file.slot_id = str(found["id"])
    return found is not None


def _unknown(unit: UnitSpec) -> str:
    lost = next((file.url for file in unit.files if file.object_key is None), unit.files[0].url)
    return (
        f"{lost} is no upload of yours that is waiting to be registered."
        " Ask for an upload slot, send the bytes, then register it once."
    )
