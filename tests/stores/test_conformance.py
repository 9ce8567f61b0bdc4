"""What every kind of customers' storage must do alike."""

from __future__ import annotations

import os
import time

import httpx
import pytest

from corral.server.stores.source import Source, SourceError
from tests.object_stores import ObjectStore
from tests.stores.conftest import source_of, url_of

NAMES = (
    "plain.jpg",
    "with space.jpg",
    "100%.jpg",
    "%41.jpg",
    "a#b.jpg",
    "a+b.jpg",
    "a?b.jpg",
    "a&b=c.jpg",
    "Grüße/日本.jpg",
    "deep/er/and/deeper.jpg",
    "quote'\".jpg",
)
CONTENT = os.urandom(300_000)


@pytest.mark.parametrize("name", NAMES)
def test_names(store: ObjectStore, source: Source, name: str) -> None:
    store.put(f"names/{name}", CONTENT)
    url = url_of(store, f"names/{name}")
    assert source.title(url) == f"names/{name}"
    opened = source.open(url)
    with opened.file as file:
        assert opened.size == len(CONTENT)
        assert file.read(10) == CONTENT[:10]
        file.seek(-10, os.SEEK_END)
        assert file.read() == CONTENT[-10:]
        file.seek(99_990)
        assert file.read(200_000) == CONTENT[99_990:299_990]


@pytest.mark.parametrize("name", NAMES)
def test_signed_urls(store: ObjectStore, source: Source, name: str) -> None:
    if store.kind == "local":
        pytest.skip("the server serves these; tests/compat reads them")
    if store.kind == "gcs" and set(name) & set("%#?"):
        pytest.skip("this server decodes names in signed URLs twice")
    store.put(f"names/{name}", CONTENT)
    signed = source.sign_get(url_of(store, f"names/{name}"), mime_type=None, filename=None, seconds=60)
    assert httpx.get(signed).content == CONTENT
    part = httpx.get(signed, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, CONTENT[1000:2000])


def test_signatures_are_checked(store: ObjectStore, source: Source) -> None:
    if store.kind in ("local", "gcs"):
        pytest.skip("this server signs nothing, or checks nothing")
    store.put("signed.bin", CONTENT)
    url = url_of(store, "signed.bin")
    signed = source.sign_get(url, mime_type=None, filename=None, seconds=60)
    assert httpx.get(signed.replace("signed.bin", "names/plain.jpg")).status_code == 403
    short = source.sign_get(url, mime_type=None, filename=None, seconds=1)
    time.sleep(2.5)
    assert httpx.get(short).status_code == 403


def test_long_keys(store: ObjectStore, source: Source) -> None:
    key = "/".join(["k" * 200] * 5) + "/" + "x" * 19
    assert len(key) == 1024
    if store.kind == "gcs":
        pytest.skip("this server keeps objects as files whose names are too long then")
    store.put(key, b"deep")
    assert source.open(url_of(store, key)).file.read() == b"deep"


def test_empty_objects(store: ObjectStore, source: Source) -> None:
    store.put("empty.bin", b"")
    opened = source.open(url_of(store, "empty.bin"))
    assert (opened.size, opened.file.read()) == (0, b"")


def test_what_is_not_there(store: ObjectStore, source: Source) -> None:
    url = url_of(store, "never.jpg")
    with pytest.raises(SourceError, match=r"There is no (file|object)") as caught:
        source.open(url)
    assert url in caught.value.message


def test_listing_goes_on_where_it_stopped(store: ObjectStore, source: Source) -> None:
    keys = [f"listed/{number:04}.bin" for number in range(40)] + ["listed/sub/a b.bin", "listed/sub/ü.bin"]
    for key in keys:
        store.put(key, key.encode())
    found = [entry for page in source.list(url_of(store, "listed/")) for entry in page]
    assert [source.title(entry.url) for entry in found] == sorted(keys)
    assert [entry.size for entry in found] == [len(key.encode()) for key in sorted(keys)]
    assert all(entry.etag for entry in found)
    rest = [entry for page in source.list(url_of(store, "listed/"), after=found[30].url) for entry in page]
    assert rest == found[31:]
    if store.kind != "gcs":  # this server has one in headers and another in listings
        assert source.open(found[-1].url).etag == found[-1].etag


def test_foreign_urls(store: ObjectStore, source: Source) -> None:
    for url in ("http://elsewhere.test/photos/a.jpg", "file:///etc/passwd", "s3:///a", "javascript:alert(1)", "x"):
        with pytest.raises(SourceError):
            source.open(url)


def test_wrong_credentials(store: ObjectStore) -> None:
    if store.kind in ("local", "gcs"):
        pytest.skip("nothing is checked here")
    store.put("secret.bin", b"x")
    name = "secret_access_key" if store.kind == "s3-compatible" else "account_key"
    wrong = source_of(store, **{name: "d3Jvbmc="})
    with pytest.raises(SourceError, match="may not read") as caught:
        wrong.open(url_of(store, "secret.bin"))
    assert "d3Jvbmc" not in caught.value.message
