"""`corral sweep`: removes what nobody will use, at once instead of at the server's next round."""

from __future__ import annotations

import argparse

from corral.server.app import open_house
from corral.server.app import sweep as sweep_house
from corral.server.database import Database
from corral.server.settings import Settings


def sweep(arguments: argparse.Namespace) -> int:
    """Sweep one home and say what went."""
    settings = Settings.from_environment(home=arguments.home)
    house = open_house(settings, Database(settings.database_url))
    for what, count in sweep_house(house).items():
        print(f"{what.replace('_', ' ')}: {count}")
    house.desk.media.close()
    house.jobs.close()
    return 0
