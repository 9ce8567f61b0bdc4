"""How much of a file a reader may ask for: bounds against decompression bombs and endless files."""

from __future__ import annotations

MAX_PIXELS = 1_000_000_000  # one image: 31,622 x 31,622; pathology slides fit, 100,000 x 100,000 does not
MAX_PREVIEW_PIXELS = 200_000_000  # what a preview may decode
MAX_FRAME_PIXELS = 8192 * 8192  # one frame of an encoded sequence
MAX_HEADER_BYTES = 64 << 20  # an MP4 index or a DICOM header
MAX_CSV_CHANNELS = 100
MAX_TEXT_SCAN_BYTES = 1 << 20
CHILD_MEMORY_BYTES = 4 << 30
