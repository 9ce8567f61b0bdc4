"""The kinds of integrations: what each needs to be told, what of it is secret, and the storage it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corral.errors import InvalidArgumentsError
from corral.server.settings import Settings
from corral.vocabulary import StorageLocationName


@dataclass(frozen=True)
class Kind:
    """One kind: its settings (shown) and credentials (encrypted, never shown again), needed or not."""

    name: str
    location: StorageLocationName
    needed: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    one_of: tuple[frozenset[str], ...] = ()


KINDS = {
    kind.name: kind
    for kind in (
        Kind("local", StorageLocationName.S3_COMPATIBLE, frozenset({"root"}), frozenset({"writable"})),
        Kind(
            "s3",
            StorageLocationName.S3_STORAGE,
            optional=frozenset({"region"}),
            secrets=frozenset({"access_key_id", "secret_access_key", "session_token"}),
            one_of=(frozenset({"access_key_id", "secret_access_key"}), frozenset()),
        ),
        Kind(
            "s3-compatible",
            StorageLocationName.S3_COMPATIBLE,
            frozenset({"endpoint"}),
            frozenset({"region", "style"}),
            frozenset({"access_key_id", "secret_access_key", "session_token"}),
            (frozenset({"access_key_id", "secret_access_key"}),),
        ),
        Kind(
            "gcs",
            StorageLocationName.GCP_STORAGE,
            secrets=frozenset({"service_account"}),
            one_of=(frozenset({"service_account"}),),
        ),
        Kind(
            "azure",
            StorageLocationName.AZURE_STORAGE,
            frozenset({"account"}),
            frozenset({"endpoint"}),
            frozenset({"account_key", "sas", "tenant_id", "client_id", "client_secret"}),
            (
                frozenset({"account_key"}),
                frozenset({"sas"}),
                frozenset({"tenant_id", "client_id", "client_secret"}),
            ),
        ),
        Kind("direct", StorageLocationName.DIRECT_ACCESS),
    )
}


def check(server: Settings, kind_name: str, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and credentials of a new integration. Raises InvalidArgumentsError saying what is missing."""
    kind = KINDS.get(kind_name)
    if kind is None:
        raise InvalidArgumentsError(f"There is no integration kind {kind_name!r}; choose one of {', '.join(KINDS)}.")
    unknown = set(values) - kind.needed - kind.optional - kind.secrets
    if unknown:
        raise InvalidArgumentsError(f"A {kind_name} integration takes no {', '.join(sorted(unknown))}.")
    missing = kind.needed - set(values)
    if missing:
        raise InvalidArgumentsError(f"A {kind_name} integration needs {', '.join(sorted(missing))}.")
    credentials = {name: value for name, value in values.items() if name in kind.secrets}
    if kind.one_of and not any(choice <= set(credentials) for choice in kind.one_of):
        choices = " or ".join(" and ".join(sorted(choice)) for choice in kind.one_of)
        raise InvalidArgumentsError(f"A {kind_name} integration needs {choices}.")
    settings = {name: value for name, value in values.items() if name not in kind.secrets}
    if kind_name == "local":
        settings["root"] = _allowed_root(server, settings["root"])
    if kind_name == "gcs":
        _require_service_account(credentials["service_account"])
    if "endpoint" in settings and not settings["endpoint"].startswith(("http://", "https://")):
        raise InvalidArgumentsError("The endpoint must begin with https:// (or http:// on a trusted network).")
    return settings, credentials


def _allowed_root(server: Settings, root: str) -> str:
    path = Path(root).expanduser().resolve()
    if not any(path == allowed or allowed in path.parents for allowed in server.local_roots):
        named = ", ".join(str(allowed) for allowed in server.local_roots) or "none"
        raise InvalidArgumentsError(
            f"{path} does not lie below a directory that the administrator allows (CORRAL_LOCAL_ROOTS: {named})."
        )
    if not path.is_dir():
        raise InvalidArgumentsError(f"{path} is no directory.")
    if path == server.home or server.home in path.parents or path in server.home.parents:
        raise InvalidArgumentsError(f"{path} overlaps the home of this Corral, which holds its keys.")
    return str(path)


def _require_service_account(text: str) -> None:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"client_email", "private_key"} <= set(found):
        raise InvalidArgumentsError("The service account must be the JSON key file that Google gives out.")
