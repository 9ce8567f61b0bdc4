"""A proxy that lets some requests fail and some stall, on their way to a real store."""

from __future__ import annotations

import http.client
import http.server
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Faults:
    """What goes wrong, as shares of all requests, and how often it did."""

    failing: float
    stalling: float
    stall_seconds: float
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    seen: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str:
        """What happens to this request."""
        with self.lock:
            half = self.failing / 2
            shares = (half, half, self.stalling, 1 - self.failing - self.stalling)
            kind = self.chance.choices(("error", "hang up", "stall", "fine"), shares)[0]
            self.seen[kind] += 1
            return kind


@contextmanager
def faulty(target: str, faults: Faults) -> Iterator[str]:
    """The address of a proxy in front of `target`; signatures survive, since the Host header goes through."""
    place = urlsplit(target)

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind = faults.next()
            if kind == "stall":
                time.sleep(faults.stall_seconds)
            if kind in ("hang up", "stall"):
                self.close_connection = True
                self.connection.close()
                return
            if kind == "error":
                self.reply(503, {}, b"")
                return
            upstream = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
            upstream.request(self.command, self.path, headers=dict(self.headers))
            answer = upstream.getresponse()
            body = answer.read()
            kept = ("content-range", "etag", "last-modified", "content-type")
            self.reply(answer.status, {name: answer.headers[name] for name in kept if answer.headers[name]}, body)
            upstream.close()

        do_HEAD = do_GET

        def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):
                pass  # the connection that was to be cut

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
