"""`corral integration`: adds, rotates, tests, lists and deletes integrations, straight in the database of a home."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from corral.cli.main import INTEGRATION_OPTIONS
from corral.cli.users import open_database
from corral.errors import InvalidArgumentsError
from corral.server.access import users
from corral.server.access.callers import Caller
from corral.server.database import Database, Transaction
from corral.server.home import ADMIN_EMAIL
from corral.server.ingest.desk import open_desk
from corral.server.integrations import commands, queries
from corral.server.settings import Settings
from corral.server.vault import open_vault


def run(arguments: argparse.Namespace) -> int:
    """Run one action; returns the exit code."""
    settings = Settings.from_environment(home=arguments.home)
    database = open_database(settings)
    actions = {"add": _add, "rotate": _rotate, "list": _list, "test": _test, "delete": _delete}
    return actions[arguments.action](arguments, settings, database)


def _add(arguments: argparse.Namespace, settings: Settings, database: Database) -> int:
    with database.write() as tx:
        integration_id = commands.add(
            _administrator(tx),
            tx,
            settings,
            open_vault(settings.home, settings.secret_key),
            title=arguments.title,
            kind=arguments.kind,
            values=_values(arguments),
            is_client_only=arguments.client_only,
            url_seconds=arguments.url_seconds,
        )
    _say(arguments, integration_id, f"added {arguments.kind} integration {arguments.title!r}: {integration_id}")
    return 0


def _rotate(arguments: argparse.Namespace, settings: Settings, database: Database) -> int:
    vault = open_vault(settings.home, settings.secret_key)
    with database.write() as tx:
        commands.rotate(_administrator(tx), tx, settings, vault, arguments.integration, _values(arguments))
    _say(arguments, arguments.integration, f"rotated {arguments.integration}; running servers follow in 10 s")
    return 0


def _list(_arguments: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.read() as tx:
        for row in queries.list_integrations(_administrator(tx), tx, everyone=True):
            only = "  client-only" if row["is_client_only"] else ""
            print(f"{row['id']}  {row['kind']:14} {row['title']}{only}")
    return 0


def _test(arguments: argparse.Namespace, settings: Settings, database: Database) -> int:
    desk = open_desk(settings, database)
    opened = desk.sources.get(arguments.integration).source.open(arguments.url)
    with opened.file as file:
        file.read(1)
    print(f"readable: {opened.size} bytes")
    return 0


def _delete(arguments: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.write() as tx:
        commands.remove(_administrator(tx), tx, arguments.integration)
    print(f"deleted {arguments.integration}")
    return 0


def _say(arguments: argparse.Namespace, integration_id: str, words: str) -> None:
    print(integration_id if arguments.quiet else words)


def _administrator(tx: Transaction) -> Caller:
    return users.as_caller(tx, ADMIN_EMAIL)


def _values(arguments: argparse.Namespace) -> dict[str, str]:
    """What the options say; a secret given as - is read from standard input, so that no process list shows it."""
    values = {}
    for option in INTEGRATION_OPTIONS[arguments.kind]:
        value = getattr(arguments, option.replace("-", "_"))
        if value is not None:
            values[option.replace("-", "_")] = sys.stdin.readline().strip() if value == "-" else value
    if "service_account" in values:
        try:
            values["service_account"] = Path(values["service_account"]).read_text()
        except OSError as error:
            raise InvalidArgumentsError(f"The key file cannot be read: {error}.") from None
    if getattr(arguments, "writable", False):
        values["writable"] = "yes"
    return values
