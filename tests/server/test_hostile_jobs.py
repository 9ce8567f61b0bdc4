"""Jobs that mean harm: each becomes an error in words, and the server goes on serving."""

from __future__ import annotations

import gzip
import io
import socket
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests import real_media
from tests.server.wire import Wire
from tests.servers import Server


@pytest.fixture
def wire(server: Server) -> Wire:
    return Wire(server)


@pytest.fixture
def integration(server: Server, tmp_path: Path) -> str:
    return server.cli("integration", "add", "local", "--title", "l", "--root", str(tmp_path), "--quiet").strip()


def run(wire: Wire, integration: str, files: dict[str, Any]) -> dict[str, Any]:
    folder = wire.new_folder()
    body = {"externalFiles": files, "integrationHash": integration, "ignoreErrors": True}
    state: dict[str, Any] = wire.job(
        folder, wire.rest("POST", f"storage/folders/{folder}/data-upload-jobs", body).json()
    )
    return state


def png(width: int, height: int, rows: bytes) -> bytes:
    """A PNG that says this size and holds these compressed rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_bombs_and_tricks_are_unit_errors(wire: Wire, integration: str, tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(png(100_000, 100_000, zlib.compress(b"\0" * 1000)))
    (tmp_path / "bomb.nii.gz").write_bytes(gzip.compress(b"\0" * (64 << 20)))
    turned = io.BytesIO()
    Image.new("RGB", (20, 10)).save(turned, "WEBP")
    (tmp_path / "cut.webp").write_bytes(turned.getvalue()[:40])
    (tmp_path / "good.jpg").write_bytes(real_media.photos()[0].read_bytes())
    (tmp_path / "page.html").write_text("<script>alert(1)</script>")
    base = tmp_path.as_uri()
    bad = [f"{base}/huge.png", f"{base}/cut.webp", f"{base}/page.html", f"{base}/../x", "javascript:alert(1)",
           "http://127.0.0.1:22/x", "gopher://x/y", "//x/y", "file://x/etc/passwd", f"{base}/good.jpg?x=1"]  # fmt: skip
    state = run(
        wire,
        integration,
        {"images": [{"objectUrl": url} for url in [*bad, f"{base}/good.jpg"]],
         "nifti": [{"objectUrl": f"{base}/bomb.nii.gz"}]},
    )  # fmt: skip
    assert (state["status"], state["unitsDoneCount"], state["unitsErrorCount"]) == ("DONE", 1, len(bad) + 1)
    reasons = {error["objectUrls"][0]: error["error"] for error in state["unitErrors"]}
    assert set(reasons) == {*bad, f"{base}/bomb.nii.gz"}
    assert "100000 x 100000" in reasons[f"{base}/huge.png"]


@pytest.mark.parametrize(
    "files",
    [
        {"images": "all of them"},
        {"images": [5]},
        {"images": [{"objectUrl": 5}]},
        {"images": [{"objectUrl": ""}]},
        {"images": [{"objectUrl": "file:///a b.jpg"}]},
        {"images": [{"objectUrl": "file:///" + "x" * 20_000}]},
        {"images": [{"objectUrl": "file:///a", "title": "x" * 301}]},
        {"images": [{"objectUrl": "file:///a", "clientMetadata": []}]},
        {"images": [{"objectUrl": "file:///a", "imageMetadata": {"width": 1}}]},
        {"images": [{"objectUrl": "file:///a", "imageMetadata": {"width": -1, "height": 1, "fileSize": 1,
                                                                 "mimeType": "x"}}]},
        {"videos": [{"objectUrl": "file:///a", "videoMetadata": {"fps": "many"}}]},
        {"image_groups": [{"title": "none"}]},
        {"dicom_series": [{"dicomFiles": [{"url": "file:///a", "dicomMetadata": {"tags": {}}}]}]},
        {"pictures": []},
        {"skip_duplicate_urls": "yes"},
    ],
)  # fmt: skip
def test_shapes_that_make_no_sense(wire: Wire, integration: str, files: dict[str, Any]) -> None:
    folder = wire.new_folder()
    body = {"externalFiles": files, "integrationHash": integration}
    answer = wire.rest("POST", f"storage/folders/{folder}/data-upload-jobs", body)
    assert answer.status_code == 400
    assert len(answer.json()["message"]) > 10


def test_a_large_job_with_entries_that_make_no_sense(wire: Wire, integration: str, tmp_path: Path) -> None:
    (tmp_path / "good.jpg").write_bytes(real_media.photos()[0].read_bytes())
    good = {"objectUrl": f"{tmp_path.as_uri()}/good.jpg"}
    entries: list[Any] = [dict(good) for _ in range(1500)]
    entries[7], entries[1200] = {"objectUrl": 5}, {**good, "title": "x" * 301}
    state = run(wire, integration, {"images": entries})
    assert (state["unitsDoneCount"], state["unitsErrorCount"]) == (1498, 2)
    assert any("image[7].objectUrl" in error["error"] for error in state["unitErrors"])


def test_a_body_of_ten_gigabytes_is_refused_at_once(server: Server, wire: Wire) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(
            b"POST /v2/public/storage/folders/x/data-upload-jobs HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 10737418240\r\n\r\n" + b"x" * 1000
        )
        assert b" 413 " in connection.recv(4096).split(b"\r\n")[0] + b" "
    assert wire.rest("GET", "datasets/list").status_code == 200
