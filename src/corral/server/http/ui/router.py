"""The routes of the pages."""

from __future__ import annotations

routes: list[object] = []
