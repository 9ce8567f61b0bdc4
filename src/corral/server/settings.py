"""What an administrator can set, read once from the environment (`CORRAL_...`)."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corral.errors import InvalidArgumentsError

MIB = 1024 * 1024

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - only compared with, to print an address that works


@dataclass(frozen=True)
class Limits:
    """Bounds on what one request may ask of the server."""

    json_body_bytes: int = 256 * MIB
    upload_bytes: int = 1024 * 1024 * MIB
    client_metadata_bytes: int = 10 * MIB
    title_characters: int = 300
    slots_per_request: int = 10_000
    units_per_job: int = 500_000
    urls_per_job: int = 1_000_000
    url_bytes: int = 16 * 1024
    page_size: int = 1000
    long_poll_seconds: float = 50.0
    signature_age_seconds: float = 600.0
    slot_seconds: int = 24 * 3600
    signed_url_seconds: int = 24 * 3600
    probe_seconds: float = 60.0


@dataclass(frozen=True)
class Settings:
    """Where Corral lives and what it may do; every field has an environment variable in docs/reference/settings.md."""

    home: Path
    database_url: str
    store_url: str
    public_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    secret_key: str | None = None
    local_roots: tuple[Path, ...] = ()
    direct_networks: tuple[Network, ...] = ()
    sync_hours: int = 0
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(
        cls,
        *,
        home: str | None = None,
        host: str | None = None,
        port: int | None = None,
        workers: int | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Settings:
        """Read the settings; arguments win over the environment. Raises InvalidArgumentsError on a bad value."""
        place = Path(home or environment.get("CORRAL_HOME") or ".corral").expanduser().resolve()
        host = host or environment.get("CORRAL_HOST") or "127.0.0.1"
        port = port if port is not None else _whole_number(environment, "CORRAL_PORT", 8000)
        shown_host = "127.0.0.1" if host in _EVERY_ADDRESS else host
        return cls(
            home=place,
            database_url=environment.get("CORRAL_DATABASE_URL") or f"sqlite:///{place / 'corral.sqlite'}",
            store_url=environment.get("CORRAL_STORE_URL") or (place / "objects").as_uri(),
            public_url=(environment.get("CORRAL_PUBLIC_URL") or f"http://{shown_host}:{port}").rstrip("/"),
            host=host,
            port=port,
            workers=workers if workers is not None else _whole_number(environment, "CORRAL_WORKERS", 2),
            secret_key=environment.get("CORRAL_SECRET_KEY") or None,
            local_roots=tuple(
                Path(root).expanduser().resolve()
                for root in environment.get("CORRAL_LOCAL_ROOTS", "").split(os.pathsep)
                if root
            ),
            direct_networks=_networks(environment),
            sync_hours=_whole_number(environment, "CORRAL_SYNC_HOURS", 0),
            limits=_limits(environment),
        )


def _networks(environment: Mapping[str, str]) -> tuple[Network, ...]:
    names = environment.get("CORRAL_DIRECT_NETWORKS", "").replace(",", " ").split()
    try:
        return tuple(ipaddress.ip_network(name, strict=False) for name in names)
    except ValueError as error:
        raise InvalidArgumentsError(f"CORRAL_DIRECT_NETWORKS must be networks such as 10.0.0.0/8: {error}.") from None


def _limits(environment: Mapping[str, str]) -> Limits:
    defaults = Limits()
    return Limits(
        json_body_bytes=_whole_number(environment, "CORRAL_MAX_JSON_BYTES", defaults.json_body_bytes),
        upload_bytes=_whole_number(environment, "CORRAL_MAX_UPLOAD_BYTES", defaults.upload_bytes),
        client_metadata_bytes=_whole_number(environment, "CORRAL_MAX_METADATA_BYTES", defaults.client_metadata_bytes),
        slot_seconds=_whole_number(environment, "CORRAL_UPLOAD_SLOT_SECONDS", defaults.slot_seconds),
        signed_url_seconds=_whole_number(environment, "CORRAL_SIGNED_URL_SECONDS", defaults.signed_url_seconds),
        signature_age_seconds=_whole_number(
            environment, "CORRAL_SIGNATURE_AGE_SECONDS", int(defaults.signature_age_seconds)
        ),
        probe_seconds=_whole_number(environment, "CORRAL_PROBE_SECONDS", int(defaults.probe_seconds)),
    )


def _whole_number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise InvalidArgumentsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)
