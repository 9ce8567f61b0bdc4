"""The routes of the pages."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from corral.server.http.ui import browse, content, sessions, thumbnails

routes: list[BaseRoute] = [
    Route("/", browse.home),
    Route("/sign-in", sessions.sign_in),
    Route("/sign-out", sessions.sign_out, methods=["POST"]),
    Route("/datasets", browse.page("datasets.html", browse.read_datasets)),
    Route("/datasets/{dataset}", browse.page("dataset.html", browse.read_dataset)),
    Route("/datasets/{dataset}/rows", browse.page("rows.html", browse.read_rows)),
    Route("/items/{item}", browse.page("item.html", browse.read_item)),
    Route("/thumbnails/{item}", thumbnails.thumbnail),
    Route("/content/{item}", content.content),
    Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static"),
]
