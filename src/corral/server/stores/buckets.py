"""Reads S3, S3-compatible, Google Cloud Storage and Azure Blob buckets where they lie, through obstore."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore, GCSStore, S3Store

from corral.server.stores import bucket_urls
from corral.server.stores.ranges import FIRST_READ, RangeReader
from corral.server.stores.source import ListedObject, OpenedObject, SourceError, SourceUnavailableError

_RETRIES = {
    "max_retries": 6,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=5),
        "base": 2,
    },
}
_PAGE = 1000
# Errors that asking again does not mend; the library raises some of them as Python's own.
_FINAL = (NotFoundError, FileNotFoundError, PermissionDeniedError, PermissionError, UnauthenticatedError)


class BucketSource:
    """The buckets that one integration's credentials open."""

    def __init__(self, kind: str, settings: Mapping[str, str], credentials: Mapping[str, str]) -> None:
        self._kind = kind
        self._settings = settings
        self._credentials = credentials
        self._stores: dict[str, Any] = {}
        self._lock = threading.Lock()

    def title(self, url: str) -> str:
        """The key inside the bucket."""
        return bucket_urls.parse(self._kind, url, self._settings)[1]

    def check_prefix(self, url: str) -> None:
        """See Source.check_prefix."""
        bucket_urls.parse(self._kind, url, self._settings)

    def open(self, url: str) -> OpenedObject:
        """See Source.open: one request for the size and the first block."""
        bucket, key = bucket_urls.parse(self._kind, url, self._settings)
        store = self._store(bucket)
        with _in_words(url):
            try:
                first = obstore.get(store, key, options={"range": (0, FIRST_READ)})
                head, size, etag = bytes(first.bytes()), int(first.meta["size"]), _etag(first.meta["e_tag"])
            except _FINAL:
                raise
            except BaseError:
                # An empty object has no range that could be read.
                meta = obstore.head(store, key)
                if meta["size"]:
                    raise
                head, size, etag = b"", 0, _etag(meta["e_tag"])

        def fetch(start: int, end: int) -> bytes:
            with _in_words(url):
                return bytes(obstore.get_range(store, key, start=start, end=end))

        return OpenedObject(RangeReader(fetch, size, head), size, etag)  # type: ignore[arg-type]

    def sign_get(self, url: str, *, mime_type: str | None, filename: str | None, seconds: int) -> str:
        """See Source.sign_get; the object is served with the type that the bucket has for it."""
        bucket, key = bucket_urls.parse(self._kind, url, self._settings)
        if self._kind == "azure" and "account_key" in self._credentials:
            return self._azure_url(bucket, key, seconds)
        if self._kind == "azure" and "sas" in self._credentials:
            return f"{bucket_urls.build('azure', bucket, key, self._settings)}?{self._credentials['sas'].lstrip('?')}"
        signed: str = obstore.sign(self._store(bucket), "GET", key, timedelta(seconds=seconds))
        return signed

    def list(self, prefix: str, after: str | None = None) -> Iterator[list[ListedObject]]:
        """See Source.list."""
        bucket, key = bucket_urls.parse(self._kind, prefix, self._settings)
        offset = None if after is None else bucket_urls.parse(self._kind, after, self._settings)[1]
        with _in_words(prefix):
            for page in obstore.list(self._store(bucket), prefix=key or None, offset=offset, chunk_size=_PAGE):
                # Not every service can start behind a key; where one begins anew, what was seen is left out here.
                fresh = [entry for entry in page if offset is None or entry["path"] > offset]
                if fresh:
                    yield [self._listed(bucket, entry) for entry in fresh]

    def _listed(self, bucket: str, entry: Any) -> ListedObject:
        url = bucket_urls.build(self._kind, bucket, entry["path"], self._settings)
        return ListedObject(url, entry["size"], _etag(entry["e_tag"]))

    def _azure_url(self, container: str, name: str, seconds: int) -> str:
        # obstore's signer for Azure is wrong for names with a space, %, # or other scripts.
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        token = generate_blob_sas(
            self._settings["account"],
            container,
            name,
            account_key=self._credentials["account_key"],
            permission=BlobSasPermissions(read=True),
            expiry=datetime.now(UTC) + timedelta(seconds=seconds),
        )
        return f"{bucket_urls.build('azure', container, name, self._settings)}?{token}"

    def _store(self, bucket: str) -> Any:
        with self._lock:
            if bucket not in self._stores:
                self._stores[bucket] = self._new_store(bucket)
            return self._stores[bucket]

    def _new_store(self, bucket: str) -> Any:
        address = self._settings.get("endpoint", "")
        if self._kind == "gcs":
            address = json.loads(self._credentials["service_account"]).get("gcs_base_url", "")
        plain = address.startswith("http://")
        options: Any = {"timeout": "30s", "connect_timeout": "10s", "allow_http": plain}
        shared: dict[str, Any] = {"client_options": options, "retry_config": _RETRIES}
        if self._kind == "gcs":
            return GCSStore(bucket, service_account_key=self._credentials["service_account"], **shared)
        if self._kind == "azure":
            return AzureStore(bucket, **self._azure_config(), **shared)
        return S3Store(bucket, **self._s3_config(), **shared)

    def _s3_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"region": self._settings.get("region") or "us-east-1"}
        for name in ("access_key_id", "secret_access_key", "session_token"):
            if name in self._credentials:
                config[name] = self._credentials[name]
        if "endpoint" in self._settings:
            config["endpoint"] = self._settings["endpoint"]
            config["virtual_hosted_style_request"] = self._settings.get("style") == "virtual"
        return config

    def _azure_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"account_name": self._settings["account"]}
        if "endpoint" in self._settings:
            config["endpoint"] = self._settings["endpoint"]
        names = {"account_key": "account_key", "sas": "sas_key", "tenant_id": "tenant_id"}
        names |= {"client_id": "client_id", "client_secret": "client_secret"}
        return config | {name: self._credentials[given] for given, name in names.items() if given in self._credentials}


def _etag(text: str | None) -> str | None:
    """Some services quote it in headers and not in listings."""
    return None if text is None else text.strip('"')


class _in_words:
    """Turns obstore's errors into sentences, without the signed URLs and keys that their texts may hold."""

    def __init__(self, url: str) -> None:
        self._url = url[:500]

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (NotFoundError, FileNotFoundError)):
            raise SourceError(f"There is no object at {self._url}.") from None
        if isinstance(error, _FINAL):
            raise SourceError(f"The credentials of the integration may not read {self._url}.") from None
        if isinstance(error, BaseError):
            raise SourceUnavailableError(f"The storage did not give {self._url}, asked again and again.") from None
