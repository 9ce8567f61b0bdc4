"""`corral demo`: starts Corral on a fresh home and puts real media through the SDK into a dataset."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from corral.cli.demo_media import Sample, samples
from corral.errors import CorralError, InvalidArgumentsError
from corral.sdk.folder import StorageFolder
from corral.sdk.item import StorageItem
from corral.sdk.user_client import UserClient

_START_SECONDS = 20


def demo(arguments: argparse.Namespace) -> int:
    """Run the demo; exit code 0 only if every item arrived with the right facts."""
    home = Path(arguments.home or tempfile.mkdtemp(prefix="corral-demo-")).resolve()
    if home.exists() and any(home.iterdir()):
        raise InvalidArgumentsError(f"{home} is not empty; the demo wants a fresh home.")
    command = [sys.executable, "-m", "corral.cli.main", "serve", "--home", str(home), "--port", str(arguments.port)]
    log = home.parent / f"{home.name}.log"
    with open(log, "w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{arguments.port}"
        _wait_until_ready(server, url, log)
        problems = _fill(url, home / "keys" / "admin_ed25519", Path(arguments.media) if arguments.media else None)
        _tell(url, home, log)
        for problem in problems:
            print(f"WRONG: {problem}")
        if not arguments.exit:
            print("\nServing until Ctrl-C.", flush=True)
            server.wait()
        return 1 if problems else 0
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            # The port may belong to somebody else: only an answer while our own process lives counts.
            if httpx.get(f"{url}/healthz", trust_env=False).status_code == 200 and server.poll() is None:
                return
        time.sleep(0.05)
    raise CorralError(f"Corral did not start:\n{log.read_text()}")


def _fill(url: str, key: Path, media: Path | None) -> list[str]:
    """Make the dataset, upload everything, print the table; returns what came back wrong."""
    problems: list[str] = []
    lines: list[tuple[str, ...]] = [
        ("TITLE", "TYPE", "SIZE", "W x H", "FRAMES", "FPS", "SECONDS", "PAGES", "MIME TYPE")
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        UserClient.create_with_ssh_private_key(ssh_private_key_path=key, domain=url) as client,
    ):
        made = client.create_dataset("Corral demo", dataset_description="Real media of every kind")
        assert made.backing_folder_uuid is not None
        target = client.get_storage_folder(made.backing_folder_uuid)
        for sample in samples(Path(folder), media):
            item = client.get_storage_item(_upload(target, sample))
            problems += _differences(sample, item)
        for row in client.get_dataset(made.dataset_hash).data_rows:
            lines.append(_line(row.data_type.value, client.get_storage_item(row.backing_item_uuid)))
    if len(lines) - 1 != 8:
        problems.append(f"{len(lines) - 1} data rows instead of 8")
    _print_table(lines)
    return problems


def _upload(target: StorageFolder, sample: Sample) -> Any:
    single = {
        "image": target.upload_image,
        "video": target.upload_video,
        "audio": target.upload_audio,
        "pdf": target.upload_pdf,
        "text": target.upload_text,
        "nifti": target.upload_nifti,
    }
    metadata = {"source": "corral demo"}
    if sample.kind in single:
        return single[sample.kind](sample.files[0], title=sample.title, client_metadata=metadata)
    make = target.create_dicom_series if sample.kind == "dicom" else target.create_image_group
    return make(sample.files, title=sample.title, client_metadata=metadata)


def _differences(sample: Sample, item: StorageItem) -> list[str]:
    found = {name: getattr(item, name) for name in sample.expected}
    wrong = [name for name, value in sample.expected.items() if found[name] != value]
    sizes = sum(path.stat().st_size for path in sample.files)
    if item.file_size != sizes:
        wrong.append("file_size")
    return [f"{sample.title}: {name} is {getattr(item, name)}" for name in wrong]


def _line(kind: str, item: StorageItem) -> tuple[str, ...]:
    size = f"{item.width} x {item.height}" if item.width else ""
    values = (item.frame_count, item.fps, item.duration, item.page_count)
    shown = ["" if value is None else f"{value:g}" for value in values]
    return (item.name, kind, f"{item.file_size:,}", size, *shown, item.mime_type or "")


def _print_table(lines: list[tuple[str, ...]]) -> None:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _tell(url: str, home: Path, log: Path) -> None:
    sign_in = next((line.split()[-1] for line in log.read_text().splitlines() if "/sign-in?" in line), url)
    print(f"\nThe page:  {sign_in}  (signs you in, works once)")
    print(f"The key:   {home / 'keys' / 'admin_ed25519'}  (for either SDK, domain {url})", flush=True)
