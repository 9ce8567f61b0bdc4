"""The `corral` command: reads the arguments and hands over to one module per command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from corral.errors import CorralError
from corral.version import __version__


def build_parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    parser = argparse.ArgumentParser(prog="corral", description="The self-hosted dataset platform.")
    parser.add_argument("--version", action="version", version=f"corral {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start the server")
    _add_home(serve)
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (default 8000)")
    serve.add_argument("--workers", type=int, help="jobs and media readers at work at once (default 2)")

    demo = commands.add_parser("demo", help="start on a fresh home and put real media into a dataset")
    demo.add_argument("--home", help="folder for the demo (default: a new temporary one)")
    demo.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
    demo.add_argument("--media", metavar="DIR", help="folder whose photos (.jpg) and videos (.mp4) are used")
    demo.add_argument("--exit", action="store_true", help="end after the table instead of serving on")

    user = commands.add_parser("user", help="add users and sign in to the pages")
    actions = user.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add a user with a key")
    _add_home(add)
    add.add_argument("email")
    add.add_argument("--role", choices=["admin", "member"], default="member", help="role in the organisation")
    key = add.add_mutually_exclusive_group()
    key.add_argument("--public-key", metavar="FILE", help="OpenSSH Ed25519 public key of the user")
    key.add_argument("--key-out", metavar="FILE", help="make a key pair and write the private key here (0600)")
    sign_in = actions.add_parser("sign-in", help="print a one-time sign-in link for the pages")
    _add_home(sign_in)
    sign_in.add_argument("email", nargs="?", default="admin@localhost")

    _add_integration_commands(commands.add_parser("integration", help="name storage that Corral reads in place"))

    worker = commands.add_parser("worker", help="work jobs off, beside any number of servers and workers")
    _add_home(worker)

    sweep = commands.add_parser("sweep", help="remove unused upload slots and their bytes now")
    _add_home(sweep)
    return parser


# What each kind of integration is told on the command line: option → (help, secret or not).
INTEGRATION_OPTIONS = {
    "local": {"root": "directory, below one that CORRAL_LOCAL_ROOTS names"},
    "s3": {
        "region": "AWS region (default us-east-1)",
        "access-key-id": "access key (left out: the role of the environment)",
        "secret-access-key": "secret key, or - to read it from standard input",
        "session-token": "session token",
    },
    "s3-compatible": {
        "endpoint": "address of the service, for example https://s3.example.org",
        "style": "path (default) or virtual",
        "region": "region (default us-east-1)",
        "access-key-id": "access key",
        "secret-access-key": "secret key, or - to read it from standard input",
        "session-token": "session token",
    },
    "gcs": {"service-account": "JSON key file of a service account"},
    "azure": {
        "account": "storage account",
        "endpoint": "address of the service, where it is not the public one",
        "account-key": "account key, or - to read it from standard input",
        "sas": "shared access signature, or - to read it from standard input",
        "tenant-id": "tenant of a service principal",
        "client-id": "client of a service principal",
        "client-secret": "secret of a service principal, or - to read it from standard input",
    },
    "direct": {},
}


def _add_integration_commands(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, words in (("add", "add an integration"), ("rotate", "replace the credentials of an integration")):
        kinds = actions.add_parser(action, help=words).add_subparsers(dest="kind", required=True, metavar="KIND")
        for kind, options in INTEGRATION_OPTIONS.items():
            one = kinds.add_parser(kind)
            _add_home(one)
            if action == "add":
                one.add_argument("--title", required=True, help="what people call it")
                one.add_argument("--client-only", action="store_true", help="Corral signs URLs but never reads")
                one.add_argument("--url-seconds", type=int, help="how long signed URLs last (default a day)")
            else:
                one.add_argument("integration", help="uuid of the integration")
            one.add_argument("--quiet", action="store_true", help="print the uuid alone")
            for option, meaning in options.items():
                one.add_argument(f"--{option}", help=meaning)
            if kind == "local":
                one.add_argument("--writable", action="store_true", help="results may be written there")
    listed = actions.add_parser("list", help="list the integrations")
    _add_home(listed)
    test = actions.add_parser("test", help="read one object through an integration")
    _add_home(test)
    test.add_argument("integration", help="uuid of the integration")
    test.add_argument("url", help="object URL")
    remove = actions.add_parser("delete", help="delete an integration that nothing uses")
    _add_home(remove)
    remove.add_argument("integration", help="uuid of the integration")


def _add_home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", help="folder of this Corral (default $CORRAL_HOME or ./.corral)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        return _run(arguments)
    except CorralError as error:
        print(f"corral: {error.message}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "corral":
            raise
        print(f"corral: {error.name} is missing. Install the server: pip install 'corral[server]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "serve":
        from corral.cli.serve import serve

        return serve(arguments)
    if arguments.command == "demo":
        from corral.cli.demo import demo

        return demo(arguments)
    if arguments.command == "integration":
        from corral.cli import integrations

        return integrations.run(arguments)
    if arguments.command == "worker":
        from corral.cli.upkeep import work

        return work(arguments)
    if arguments.command == "sweep":
        from corral.cli.upkeep import sweep

        return sweep(arguments)
    from corral.cli.users import add_user, sign_in

    return add_user(arguments) if arguments.action == "add" else sign_in(arguments)


if __name__ == "__main__":
    sys.exit(main())
