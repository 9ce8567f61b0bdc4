"""A server on a real socket that answers as a test says: slow, cut off, or not at all."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Behaviour = Callable[[socket.socket], None]


def read_request(connection: socket.socket) -> bytes:
    """One request: its head, and as much of its body as it announces or as comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def stub_server(*behaviours: Behaviour) -> Iterator[tuple[str, list[socket.socket]]]:
    """A server whose nth connection behaves as the nth behaviour, later ones as the last; yields URL, connections."""
    accepted: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                behave = behaviours[min(len(accepted), len(behaviours) - 1)]
                accepted.append(connection)
                threading.Thread(target=attend, args=(behave, connection), daemon=True).start()

    def attend(behave: Behaviour, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            behave(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", accepted
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in accepted:
            connection.close()


def answering(content: bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    """Take one request and answer it; the announced length may be bent by a header of the test's own."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
        if not any(line.lower().startswith("content-length") for line in headers):
            lines.append(f"Content-Length: {len(content)}")
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    return behave


def closing(connection: socket.socket) -> None:
    """Take one request and hang up without a word."""
    read_request(connection)


def silent(connection: socket.socket) -> None:
    """Take one request and say nothing until the client leaves."""
    read_request(connection)
    connection.recv(1)
