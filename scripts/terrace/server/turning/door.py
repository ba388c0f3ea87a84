"""The door to the process that follows: those who serve ask here for what only it may read and write.

A socket in the server's own folder, which is its owner's alone. One line of JSON in, one line of JSON out.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from terrace.server.door import LONGEST_QUESTION, NAME

AT_ONCE = 16
"""Who comes while so many are answered waits."""
_PATIENCE = 10.0
"""Seconds that a question may take to come, and an answer to be taken."""

Answer = Mapping[str, Any]
log = logging.getLogger("terrace.server")


class Door:
    """Open from its making until it is closed. Threads call `answer` with what was asked, and then `after`."""

    def __init__(
        self, own: Path, answer: Callable[[Mapping[str, Any]], Answer | bytes], after: Callable[[], None] = lambda: None
    ) -> None:
        self._answer, self._after = answer, after
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._socket = _bound(own)
        threading.Thread(target=self._serve, name="terrace-door", daemon=True).start()

    def close(self) -> None:
        """Answer nobody from now on."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            self._free.acquire()
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._meet, args=(connection,), name="terrace-answer", daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):
                connection.settimeout(_PATIENCE)
                connection.sendall(self._said(_line(connection)) + b"\n")
                connection.shutdown(socket.SHUT_RDWR)
            self._after()
        finally:
            self._free.release()

    def _said(self, line: bytes) -> bytes:
        try:
            asked = orjson.loads(line)
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            return orjson.dumps({"status": 400, "detail": "This is no question."})
        try:
            said = self._answer(asked)
        except Exception as error:
            log.exception("answering %r failed: a bug of Terrace", asked.get("do"))
            return orjson.dumps({"status": 500, "detail": f"This is a bug of Terrace: {type(error).__name__}."})
        return said if isinstance(said, bytes) else orjson.dumps(said)


def _bound(own: Path) -> socket.socket:
    """A socket that listens in the folder, however long the way to it is."""
    folder = os.open(own, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # One that was killed left its own.
        with suppress(FileNotFoundError):
            os.unlink(NAME, dir_fd=folder)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        bound.bind(f"/proc/self/fd/{folder}/{NAME}")
        bound.listen(64)
        return bound
    finally:
        os.close(folder)


def _line(connection: socket.socket) -> bytes:
    """What comes before the end of the line, or of a question that is too long."""
    got = bytearray()
    while b"\n" not in got and len(got) <= LONGEST_QUESTION:
        part = connection.recv(65536)
        if not part:
            break
        got += part
    return bytes(got.partition(b"\n")[0]) if len(got) <= LONGEST_QUESTION else b""
