"""Raw requests to both doors, signed by hand, so that they can be bent."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx

from corral.records import signing
from tests.servers import Server


class Wire:
    """Speaks the wire with one key."""

    def __init__(self, server: Server, key_path: Path | None = None) -> None:
        self.server = server
        self.key = signing.load_private_key((key_path or server.admin_key).read_text())

    def rest(self, method: str, path: str, body: Any = None, *, query: str = "", **bent: Any) -> httpx.Response:
        """One REST request. `bent` may replace created, target, signed_body, headers."""
        target = f"/v2/public/{path}" + (f"?{query}" if query else "")
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = signing.sign_rest(
            self.key,
            bent.get("signed_method", method),
            bent.get("target", target),
            bent.get("signed_body", content),
            bent.get("created", int(time.time())),
        )
        headers |= {"Content-Type": "application/json", **bent.get("headers", {})}
        return httpx.request(method, self.server.url + target, content=content, headers=headers, timeout=60)

    def legacy(
        self,
        query_type: str,
        query_method: str,
        *,
        dataset: str = "",
        uid: Any = None,
        payload: Any = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """One legacy request; returns the answer's body."""
        envelope = {
            "query_type": query_type,
            "query_method": query_method,
            "values": {"uid": uid, "payload": payload},
        }
        return self.legacy_raw(json.dumps(envelope).encode(), dataset=dataset, headers=headers)

    def legacy_raw(self, content: bytes, *, dataset: str = "", headers: dict[str, str] | None = None) -> dict[str, Any]:
        """One legacy request with any body."""
        all_headers = {
            "Authorization": signing.sign_legacy(self.key, content),
            "ResourceType": "dataset",
            "ResourceID": dataset,
            **(headers or {}),
        }
        answer = httpx.post(f"{self.server.url}/public", content=content, headers=all_headers, timeout=60)
        body: dict[str, Any] = answer.json()
        return {**body, "http": answer.status_code}

    def slot(self, kind: str = "image") -> dict[str, Any]:
        """One upload slot of the dataset route."""
        page = self.rest("GET", "presigned-urls", query=f"count=1&uploadItemType={kind}").json()
        slot: dict[str, Any] = page["results"][0]
        return slot

    def new_folder(self, name: str = "folder") -> str:
        """A new folder's uuid."""
        return str(self.rest("POST", "storage/folders", {"name": name}).json()["uuid"])

    def upload(self, folder: str, content: bytes, title: str = "a.jpg") -> str:
        """Put one image into a folder; returns the job's id."""
        slot = self.rest(
            "POST", f"storage/folders/{folder}/upload-signed-urls", {"itemType": "image", "count": 1}
        ).json()["results"][0]
        assert httpx.put(slot["signedUrl"], content=content).status_code == 200
        return self.register(folder, [slot], title)

    def register(self, folder: str, slots: list[dict[str, Any]], title: str = "a.jpg", **more: Any) -> str:
        """Start a job for images that lie in slots; returns its id."""
        images = [
            {"objectUrl": slot["objectKey"], "title": title, "placeholderItemUuid": slot["itemUuid"]} for slot in slots
        ]
        answer = self.rest(
            "POST",
            f"storage/folders/{folder}/data-upload-jobs",
            {"dataItems": {"images": images}, "ignoreErrors": False, **more},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json())

    def job(self, folder: str, job: str, seconds: int = 30) -> dict[str, Any]:
        """A job's state, once it is over."""
        path = f"storage/folders/{folder}/data-upload-jobs/{job}"
        state: dict[str, Any] = self.rest("GET", path, query=f"timeoutSeconds={seconds}").json()
        return state
