"""Reads the units of a batch: local headers one after the other, everything else many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from corral.server.access.callers import Caller
from corral.server.ingest.desk import Desk
from corral.server.ingest.probing import Probed, UnitError, needs_child, probe_unit
from corral.server.ingest.sequencing import make_sequences
from corral.server.ingest.unit_specs import UnitSpec
from corral.server.integrations.sources import OpenedIntegration
from corral.server.stores.directory import DirectorySource
from corral.vocabulary import StorageItemType

_AT_ONCE = 16

# What a unit turned out to be (a sequence may become several), or why it failed.
Read = list[Probed] | str


class Reader:
    """One worker's readers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reader")

    def read_all(self, caller: Caller, units: Sequence[UnitSpec], integration: OpenedIntegration | None) -> list[Read]:
        """What each unit turned out to be, in their order."""
        read = partial(self._read, caller, integration)
        # Headers of local files are read faster than threads can be woken.
        local = integration is not None and isinstance(integration.source, DirectorySource)
        if local and not any(needs_child(unit) for unit in units):
            return [read(unit) for unit in units]
        return list(self._threads.map(read, units))

    def close(self) -> None:
        """Stop the readers."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, caller: Caller, integration: OpenedIntegration | None, unit: UnitSpec) -> Read:
        try:
            probed = probe_unit(self._desk, unit, integration)
            if unit.item_type is StorageItemType.IMAGE_SEQUENCE:
                return make_sequences(self._desk, caller, probed, integration)
            return [probed]
        except UnitError as error:
            return str(error)
