"""Tells a file's MIME type from its first bytes; the name only breaks ties between kinds of text."""

from __future__ import annotations

from pathlib import PurePosixPath

HEAD_BYTES = 4096

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"II+\x00", "image/tiff"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"%PDF-", "application/pdf"),
    (128, b"DICM", "application/dicom"),
    (0, b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"PK\x03\x04", "application/zip"),
    (344, b"n+1\x00", "application/nifti"),
    (344, b"ni1\x00", "application/nifti"),
    (4, b"n+2\x00", "application/nifti"),
    (0, b"LASF", "application/vnd.las"),
    (0, b"ply\n", "model/ply"),
    (0, b"ply\r", "model/ply"),
    (0, b"ASTM-E57", "model/e57"),
    (0, b"\x89MCAP0\r\n", "application/mcap"),
    (0, b"#ROSBAG V", "application/x-rosbag"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
_BOXES = (b"moov", b"mdat", b"free", b"wide", b"skip")
_TEXT_BY_SUFFIX = {
    ".html": "text/html",
    ".htm": "text/html",
    ".json": "application/json",
    ".geojson": "application/json",
    ".xml": "application/xml",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".md": "text/markdown",
}


def sniff(head: bytes, name: str) -> str:
    """The MIME type of a file that begins with `head` (4 KiB are enough); application/octet-stream if unknown."""
    for offset, magic, mime in _MAGIC:
        if head.startswith(magic, offset):
            return mime
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12], "application/octet-stream")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[4:8] in _BOXES:
        return "video/quicktime"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return "audio/mpeg"
    if len(head) > 188 and head[0] == 0x47 and head[188] == 0x47:
        return "video/mp2t"
    if head.startswith((b"# .PCD", b"VERSION 0.7", b"VERSION .7")):
        return "application/vnd.pcd"
    return _text(head, name)


def _text(head: bytes, name: str) -> str:
    if not is_text(head):
        return "application/octet-stream"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    if start.startswith(b"<?xml"):
        return "image/svg+xml" if b"<svg" in start else "application/xml"
    return _TEXT_BY_SUFFIX.get(PurePosixPath(name.lower()).suffix, "text/plain")


def is_text(head: bytes) -> bool:
    """Whether these bytes are UTF-8 or (with a byte order mark) UTF-16 text."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        return error.start >= len(head) - 3 and len(head) >= HEAD_BYTES - 3
    return not any(byte < 32 and byte not in b"\t\n\r\f\x1b\x08" for byte in head)
