"""A seekable file over range requests: few round trips for header reads, bounded memory for long ones."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable

BLOCK = 64 * 1024
# The first request: a request costs more than bytes do, and most photos are whole with it.
FIRST_READ = 4 * BLOCK
# Sequential readers get ever larger pieces, up to this many blocks at once.
_MOST_BLOCKS = 64
_KEPT_BLOCKS = 256
_TAIL = 1024

Fetch = Callable[[int, int], bytes]


class RangeReader(io.RawIOBase):
    """Reads `size` bytes through `fetch(start, end)` (end exclusive) in blocks of 64 KiB, keeping the latest ones."""

    def __init__(self, fetch: Fetch, size: int, head: bytes = b"") -> None:
        self._fetch = fetch
        self._size = size
        self._position = 0
        self._ahead = 1
        self._next_block = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._keep(0, head)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; no bytes are read."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        if 0 < wanted == left <= _TAIL and self._position // BLOCK not in self._blocks:
            # Many formats tell by their last bytes whether they are whole: no block is needed for those.
            tail = self._fetched(self._position, self._size)
            self._position = self._size
            return tail
        pieces = []
        while wanted > 0:
            piece = self._piece(wanted)
            pieces.append(piece)
            self._position += len(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as there are bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _piece(self, wanted: int) -> bytes:
        number, offset = divmod(self._position, BLOCK)
        block = self._blocks.get(number)
        if block is None:
            block = self._load(number, -(-(offset + wanted) // BLOCK))
        return block[offset : offset + wanted]

    def _load(self, number: int, blocks: int) -> bytes:
        self._ahead = min(self._ahead * 2, _MOST_BLOCKS) if number == self._next_block else 1
        count = max(min(blocks, _MOST_BLOCKS), self._ahead)
        start, end = number * BLOCK, min((number + count) * BLOCK, self._size)
        self._keep(number, self._fetched(start, end))
        self._next_block = number + count
        return self._blocks[number]

    def _fetched(self, start: int, end: int) -> bytes:
        data = self._fetch(start, end)
        if len(data) != end - start:
            raise EOFError(f"the storage gave {len(data)} bytes instead of {end - start}")
        return data

    def _keep(self, number: int, data: bytes) -> None:
        whole = number * BLOCK + len(data) >= self._size
        for index in range(0, len(data), BLOCK):
            block = data[index : index + BLOCK]
            if len(block) == BLOCK or whole:
                self._blocks[number + index // BLOCK] = block
        while len(self._blocks) > _KEPT_BLOCKS:
            self._blocks.popitem(last=False)
