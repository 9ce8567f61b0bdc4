"""The floor: bare Starlette, raw sqlite3 and orjson doing the same work without features. Not a product.

Items have the columns of Corral's item table; data rows are listed with the same 18 keys; uploads are written
beside their place, synced and renamed; registering probes a JPEG header and commits durably.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import sys
import uuid
from pathlib import Path

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ROWS = 20_000
ITEM = [
    "uuid",
    "parent",
    "itemType",
    "name",
    "description",
    "clientMetadata",
    "owner",
    "createdAt",
    "lastEditedAt",
    "isTombstone",
    "isPlaceholder",
    "backedDataUnitsCount",
    "storageLocation",
    "integrationHash",
    "url",
    "signedUrl",
    "fileSize",
    "mimeType",
    "duration",
    "fps",
    "height",
    "width",
    "dicomInstanceUid",
    "dicomStudyUid",
    "dicomSeriesUid",
    "frameCount",
    "audioSampleRate",
    "audioBitDepth",
    "audioCodec",
    "audioNumChannels",
    "pageCount",
    "facts",
    "timeseriesSettings",
]
ROW = [
    "data_hash",
    "data_title",
    "data_type",
    "created_at",
    "last_edited_at",
    "width",
    "height",
    "file_link",
    "file_size",
    "file_type",
    "storage_location",
    "frames_per_second",
    "duration",
    "client_metadata",
    "images_data",
    "signed_url",
    "is_optimised_image_group",
    "backing_item_uuid",
]


def open_database(folder: Path) -> sqlite3.Connection:
    """A database with 20,000 items and 20,000 data rows."""
    database = sqlite3.connect(folder / "floor.sqlite", isolation_level=None, check_same_thread=False)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.execute(f"create table item ({', '.join(ITEM)})")
    database.execute("create unique index item_uuid on item (uuid)")
    database.execute(f"create table data_row (dataset, {', '.join(ROW)})")
    database.execute("create index data_row_dataset on data_row (dataset, data_hash)")
    now = "2026-01-31T12:00:00.000000Z"
    items, rows = [], []
    for number in range(ROWS):
        key, name = f"hosted/{uuid.uuid4()}/{number % 100:02}/{uuid.uuid4()}", f"photo {number}.jpg"
        items.append(
            [str(uuid.UUID(int=number)), str(uuid.uuid4()), "image", name, "", "{}", "admin@localhost", now, now, False]
            + [False, 1, "encord", None, key, None, 63_000, "image/jpeg", None, None, 480, 640]
            + [None] * 9
            + ["{}", None]
        )
        second = f"{now[:10]} {now[11:19]}"
        rows.append(
            ["dataset", str(uuid.uuid4()), name, "IMAGE", second, second, 640, 480, key, 63_000, "image/jpeg", 0]
            + [None] * 6
            + [str(uuid.uuid4())]
        )
    database.execute("begin")
    database.executemany(f"insert into item values ({', '.join('?' * len(ITEM))})", items)
    database.executemany(f"insert into data_row values ({', '.join('?' * (len(ROW) + 1))})", rows)
    database.execute("commit")
    return database


def create_app(folder: Path) -> Starlette:
    """The floor's application."""
    database = open_database(folder)
    select = f"select {', '.join(ITEM)} from item where uuid = ?"
    listing = f"select {', '.join(ROW)} from data_row where dataset = ? order by data_hash"

    async def item(request: Request) -> Response:
        row = database.execute(select, (request.path_params["uuid"],)).fetchone()
        return Response(orjson.dumps(dict(zip(ITEM, row, strict=True))), media_type="application/json")

    async def rows(_request: Request) -> Response:
        found = [dict(zip(ROW, row, strict=True)) for row in database.execute(listing, ("dataset",))]
        answer = {"status": 200, "response": found, "payload": None}
        return Response(orjson.dumps(answer), media_type="application/json")

    async def put(request: Request) -> Response:
        place = folder / request.path_params["key"]
        draft = place.with_name(f".{secrets.token_hex(8)}")
        with open(draft, "wb", buffering=0) as file:
            async for chunk in request.stream():
                file.write(chunk)
            os.fsync(file.fileno())
        os.replace(draft, place)
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        return Response()

    async def register(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        width, height, size = jpeg_size(folder / asked["key"])
        values = dict.fromkeys(ITEM) | {"uuid": str(uuid.uuid4()), "width": width, "height": height, "fileSize": size}
        database.execute("begin immediate")
        database.execute(f"insert into item values ({', '.join('?' * len(ITEM))})", [values[name] for name in ITEM])
        database.execute("commit")
        return Response(orjson.dumps(values), media_type="application/json")

    return Starlette(
        routes=[
            Route("/item/{uuid}", item),
            Route("/rows", rows, methods=["POST"]),
            Route("/blobs/{key}", put, methods=["PUT"]),
            Route("/register", register, methods=["POST"]),
        ]
    )


def jpeg_size(path: Path) -> tuple[int, int, int]:
    """Width, height and bytes of a JPEG, from its first frame header."""
    with open(path, "rb") as file:
        head = file.read(65536)
        size = os.fstat(file.fileno()).st_size
    at = 2
    while not 0xC0 <= head[at + 1] <= 0xC3:
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return int.from_bytes(head[at + 7 : at + 9], "big"), int.from_bytes(head[at + 5 : at + 7], "big"), size


if __name__ == "__main__":
    uvicorn.run(create_app(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
