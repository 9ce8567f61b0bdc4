"""Writes docs/coverage.md from the tables of the doors: `python -m corral.server.http.coverage > docs/coverage.md`."""

from __future__ import annotations

from collections.abc import Sequence

from corral.server.http.legacy.operations import OPERATIONS as LEGACY
from corral.server.http.operations import Operation
from corral.server.http.v2.operations import OPERATIONS as REST


def page() -> str:
    """The whole page as Markdown."""
    core = [operation for operation in REST if not operation.name.startswith(("index/", "corral/"))]
    index = [operation for operation in REST if operation.name.startswith("index/")]
    parts = [
        "# What of the wire is built",
        "",
        "Made from the tables of the doors by `python -m corral.server.http.coverage`; a test keeps it up to date.",
        "An operation that is not built answers an error of its door that names it.",
        "",
        *_table("Legacy door (`POST /public`)", LEGACY),
        *_table("REST door (`/v2/public/`)", core),
        *_table("Collections and filter presets", index),
        *_table("Corral's own", [operation for operation in REST if operation.name.startswith("corral/")]),
    ]
    return "\n".join(parts)


def _table(title: str, operations: Sequence[Operation]) -> list[str]:
    built = sum(operation.handler is not None for operation in operations)
    ordered = sorted(operations, key=lambda operation: (operation.name, operation.method))
    rows = [f"| {one.method} | `{one.name}` | {one.summary} | {_state(one)} |" for one in ordered]
    head = ["| method | operation | what | state |", "| --- | --- | --- | --- |"]
    return [f"## {title}: {built} of {len(operations)}", "", *head, *rows, ""]


def _state(operation: Operation) -> str:
    return "built" if operation.handler else "not yet"


if __name__ == "__main__":
    print(page(), end="")
