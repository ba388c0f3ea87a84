"""A forge on this machine, which plays the documented API: what it was asked is kept, what it answers is chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """One request: its path, headers in lower case, and body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Server(NamedTuple):
    """Its address, what it was asked, and what it will answer: a status, a body and headers."""

    host: str
    asked: list[Asked]
    answers: list[tuple[int, Any, dict[str, str]]]

    @property
    def url(self) -> str:
        return f"http://{self.host}"


@contextmanager
def serving() -> Iterator[Server]:
    """The server, as long as it is needed."""
    asked: list[Asked] = []
    answers: list[tuple[int, Any, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, answer, headers = answers[0]
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is said on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Server(f"127.0.0.1:{server.server_port}", asked, answers)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
