"""Forged, bent, stale and foreign signatures are refused; automatic retries are not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from corral.records import signing
from tests.server.wire import Wire
from tests.servers import Server


@pytest.fixture
def wire(server: Server) -> Wire:
    return Wire(server)


def test_a_good_request_and_its_replay(wire: Wire) -> None:
    created = int(time.time()) - 30
    for _ in range(2):
        assert wire.rest("GET", "datasets/list", query="includeOrgAccess=False", created=created).status_code == 200


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"signed_body": b"{}"}, "Content-Digest"),
        ({"target": "/v2/public/datasets/list?includeOrgAccess=True"}, "does not belong"),
        ({"target": "/v2/public/storage/folders"}, "does not belong"),
        ({"signed_method": "POST"}, "does not belong"),
        ({"created": 1_700_000_000}, "ago"),
        ({"created": 4_000_000_000}, "future"),
        ({"headers": {"Signature": "encord-sig=:AAAA:"}}, "malformed"),
        ({"headers": {"Signature-Input": "encord-sig=()"}}, "malformed"),
    ],
)
def test_bent_rest_requests(wire: Wire, bent: dict[str, object], reason: str) -> None:
    answer = wire.rest("GET", "datasets/list", query="includeOrgAccess=False", **bent)
    assert answer.status_code == 401
    assert reason in answer.json()["message"]


def test_other_algorithms_and_keys(wire: Wire, server: Server, tmp_path: Path) -> None:
    headers = signing.sign_rest(wire.key, "GET", "/v2/public/datasets/list", b"", int(time.time()))
    for before, after in [("ed25519", "none"), ('"@method" ', ""), ("encord-sig", "other-sig")]:
        bent = {**headers, "Signature-Input": headers["Signature-Input"].replace(before, after)}
        assert httpx.get(f"{server.url}/v2/public/datasets/list", headers=bent).status_code == 401
    assert httpx.get(f"{server.url}/v2/public/datasets/list").status_code == 401
    stranger = tmp_path / "key"
    stranger.write_text(signing.generate_private_key())
    answer = Wire(server, stranger).rest("GET", "datasets/list")
    assert (answer.status_code, answer.json()["code"]) == (401, "SSH_KEY_NOT_FOUND_ERROR")


def test_legacy_signatures(wire: Wire, server: Server, tmp_path: Path) -> None:
    body = json.dumps(
        {"query_type": "datarows", "query_method": "GET", "values": {"uid": None, "payload": None}}
    ).encode()
    other = signing.sign_legacy(wire.key, body + b" ")
    answer = wire.legacy_raw(body, headers={"Authorization": other})
    assert (answer["status"], answer["response"]) == (401, ["AUTHENTICATION_ERROR"])
    for header in ("", "Bearer nonsense", "Bearer", "aa:bb", "0" * 64 + ":" + "0" * 128):
        answer = wire.legacy_raw(body, headers={"Authorization": header})
        assert answer["response"][0] in ("AUTHENTICATION_ERROR", "SSH_KEY_NOT_FOUND_ERROR")
    stranger = tmp_path / "key"
    stranger.write_text(signing.generate_private_key())
    assert Wire(server, stranger).legacy_raw(body)["response"] == ["SSH_KEY_NOT_FOUND_ERROR"]


def test_the_resource_header_is_checked_against_rights(wire: Wire, server: Server) -> None:
    """The legacy signature does not cover the dataset header; the rights on that dataset still decide."""
    mine = wire.rest("POST", "datasets", {"title": "mine", "createBackingFolder": True}).json()["datasetUuid"]
    stranger = Wire(server, server.add_user(f"swap-{time.time_ns()}@example.org"))
    answer = stranger.legacy("datarows", "GET", dataset=mine, payload={})
    assert (answer["status"], answer["response"]) == (403, ["AUTHORISATION_ERROR"])


def test_removed_expired_tokens(wire: Wire, server: Server) -> None:
    token = wire.rest("GET", "user/bearer-token").json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{server.url}/v2/public/datasets/list", headers=headers).status_code == 200
    headers = {"Authorization": f"Bearer {token}x"}
    assert httpx.get(f"{server.url}/v2/public/datasets/list", headers=headers).status_code == 401
