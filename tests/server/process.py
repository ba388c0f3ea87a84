"""A real `terrace serve`, and clients that keep their connections to it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from tests.server.conftest import Shop, eventually

_SERVED = re.compile(r"is served at https?://(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)")


class Reply(NamedTuple):
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes


class Running:
    """A process that serves. What it says on standard error is read all the time, and kept."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def port(self) -> int:
        """Where it listens; 0 as long as it has not said so."""
        found = next((match for line in list(self.said) if (match := _SERVED.search(line))), None)
        return int(found[1]) if found else 0

    def stop(self) -> int:
        """Tell it to stop, and wait until it has."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=10)
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)


class Client:
    """One connection, which is kept; with a `context` over TLS."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        if context is not None:
            self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)

    def get(self, url: str, **headers: str) -> Reply:
        """Ask, and get all of the response."""
        self._connection.request("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = self._connection.getresponse()
        return Reply(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())

    def open(self, url: str, **headers: str) -> http.client.HTTPResponse:
        """Ask, and leave the body to be read."""
        self._connection.request("GET", url, headers=headers)
        return self._connection.getresponse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def once(port: int, url: str, context: ssl.SSLContext | None = None, **headers: str) -> Reply:
    """Ask over a connection of its own."""
    with Client(port, context) as client:
        return client.get(url, **headers)


@contextmanager
def serving(shop: Shop, *options: str, context: ssl.SSLContext | None = None) -> Iterator[Running]:
    """`terrace serve` of the whole shop, from when it answers; killed at the end if it is still there."""
    command = [sys.executable, "-m", "terrace", "serve", "--source", str(shop.root), "--port", "0", *options]
    environ = {**os.environ, **shop.environ}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ, start_new_session=True)
    running = Running(process)
    try:
        eventually(lambda: (running.port and _answers(running.port, context)) or process.poll() is not None, 60)
        assert process.poll() is None, "".join(running.said)
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        if process.stderr is not None:
            running._reader.join(timeout=10)
            process.stderr.close()


def _answers(port: int, context: ssl.SSLContext | None) -> bool:
    try:
        return once(port, "/livez", context).status == 200
    except OSError:
        return False
