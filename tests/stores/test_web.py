"""Direct access reads public URLs, and never an address that is not for everybody."""

from __future__ import annotations

import http.server
import ipaddress
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from corral.server.stores.source import SourceError
from corral.server.stores.web import WebSource

CONTENT = bytes(range(256)) * 1000
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


class Pages(http.server.BaseHTTPRequestHandler):
    """A small site: ranges, no ranges, redirects, lies and failures."""

    failures = 0

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/flaky.bin":
            Pages.failures += 1
            if Pages.failures % 3:
                self.answer(503, b"")
                return
        if path.startswith("/to/"):
            self.answer(302, b"", {"Location": path.removeprefix("/to/")})
        elif path == "/circle":
            self.answer(302, b"", {"Location": "/circle"})
        elif path == "/noranges.bin":
            self.answer(200, CONTENT)
        elif path == "/liar.bin":
            self.answer(206, CONTENT * 10, {"Content-Range": "bytes 0-99/100"})
        elif path in ("/ranges.bin", "/flaky.bin"):
            self.ranged()
        else:
            self.answer({"/denied": 403}.get(path, 404), b"secret words of the server")

    def ranged(self) -> None:
        first, last = (int(one) for one in self.headers["Range"].removeprefix("bytes=").split("-"))
        last = min(last, len(CONTENT) - 1)
        self.answer(206, CONTENT[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(CONTENT)}"})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_ranges(site: str) -> None:
    for name in ("ranges.bin", "noranges.bin", "flaky.bin", "to//ranges.bin"):
        opened = WebSource([LOOPBACK]).open(f"{site}/{name}?signature=abc")
        with opened.file as file:
            assert opened.size == len(CONTENT), name
            file.seek(200_000)
            assert file.read(10) == CONTENT[200_000:200_010]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "http://localhost/x",
        "http://10.1.2.3/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://0.0.0.0/x",
        "http://2130706433/x",
    ],
)
def test_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(SourceError, match="private or reserved address"):
        WebSource([]).open(url)


def test_a_redirect_to_a_private_address_is_refused(site: str) -> None:
    only_here = ipaddress.ip_network("127.0.0.1/32")
    with pytest.raises(SourceError, match="private or reserved address"):
        WebSource([only_here]).open(f"{site}/to/http://127.0.0.2:9/x")


def test_what_goes_wrong_is_said_without_signatures(site: str) -> None:
    source = WebSource([LOOPBACK])
    for path, words in (
        ("/missing?signature=abc", "There is no object"),
        ("/denied?signature=abc", "refuses access"),
        ("/circle?signature=abc", "redirects more than"),
        ("/liar.bin?signature=abc", "more than the range"),
    ):
        with pytest.raises(SourceError, match=words) as caught:
            source.open(site + path)
        assert "signature" not in caught.value.message.replace("its signature", "")
        assert "secret" not in caught.value.message


def test_only_web_addresses(tmp_path: Path) -> None:
    for url in (tmp_path.as_uri(), "ftp://example.org/x", "http://", "https://user:word@example.org/x", "gopher://x"):
        with pytest.raises(SourceError, match="no http"):
            WebSource([]).open(url)
