"""Integrations from a script: add, list, test, rotate and delete; what the vendor's SDK has no methods for."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from corral.records.integrations import AddIntegration, Integration
from corral.sdk.transport import Transport

_PATH = "corral/integrations"


class Integrations:
    """The integrations of the organisation. Only administrators change them. Every method raises CorralError."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        kind: str,
        title: str,
        values: Mapping[str, str] | None = None,
        *,
        is_client_only: bool = False,
        url_seconds: int | None = None,
    ) -> Integration:
        """Add an integration: `kind` is local, s3, s3-compatible, gcs, azure or direct.

        `values` are the options of `corral integration add` with underscores, for example
        `{"endpoint": ..., "access_key_id": ..., "secret_access_key": ...}`; for gcs `service_account` is the key
        file's text. Signed URLs last `url_seconds` (at most 7 days).
        """
        payload = AddIntegration(
            title=title, kind=kind, values=dict(values or {}), is_client_only=is_client_only, url_seconds=url_seconds
        )
        return Integration.from_wire(self._transport.rest("POST", _PATH, body=payload.to_wire()))

    def list(self) -> list[Integration]:
        """The integrations that were given to you; administrators see all."""
        return [Integration.from_wire(entry) for entry in self._transport.rest("GET", _PATH)["results"]]

    def rotate(self, integration: Integration | UUID | str, values: Mapping[str, str]) -> Integration:
        """Replace the credentials; settings stay unless they are named. Running servers follow within 10 s."""
        path = f"{_PATH}/{_uuid(integration)}"
        return Integration.from_wire(self._transport.rest("PATCH", path, body={"values": dict(values)}))

    def test(self, integration: Integration | UUID | str, object_url: str) -> int:
        """Read the beginning of an object; returns its bytes."""
        answer = self._transport.rest("POST", f"{_PATH}/{_uuid(integration)}/test", body={"objectUrl": object_url})
        return int(answer["size"])

    def delete(self, integration: Integration | UUID | str) -> None:
        """Delete an integration that no item and no unfinished job needs."""
        self._transport.rest("DELETE", f"{_PATH}/{_uuid(integration)}")


def _uuid(integration: Integration | UUID | str) -> str:
    return str(integration.uuid if isinstance(integration, Integration) else integration)
