"""`corral serve`: starts the server and tells a newcomer how to go on."""

from __future__ import annotations

import argparse

import uvicorn

from corral.server import home
from corral.server.app import create_app, open_house
from corral.server.database import Database
from corral.server.settings import Settings


def serve(arguments: argparse.Namespace) -> int:
    """Serve until stopped; returns the exit code."""
    settings = Settings.from_environment(
        home=arguments.home, host=arguments.host, port=arguments.port, workers=arguments.workers
    )
    guard = home.lock(settings.home)
    database = Database(settings.database_url)
    welcome = home.prepare(settings, database)
    app = create_app(open_house(settings, database))
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    _tell(settings, welcome)
    uvicorn.Server(config).run()
    guard.close()
    return 0


def _tell(settings: Settings, welcome: home.Welcome) -> None:
    lines = [
        f"Corral serves {settings.home} at {settings.public_url}",
        f"  administrator key   {welcome.key_path}",
        f"  pages (one-time sign-in, valid for a day)   {welcome.sign_in_url}",
    ]
    if welcome.is_new:
        lines += [
            "",
            "From Python with the encord package:",
            "    from encord import EncordUserClient",
            "    client = EncordUserClient.create_with_ssh_private_key(",
            f'        ssh_private_key_path="{welcome.key_path}", domain="{settings.public_url}")',
            "",
            "From Python with Corral's own SDK:",
            "    from corral import UserClient",
            "    client = UserClient.create_with_ssh_private_key(",
            f'        ssh_private_key_path="{welcome.key_path}", domain="{settings.public_url}")',
        ]
    print("\n".join(lines), flush=True)
