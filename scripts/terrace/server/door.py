"""The way to the process that follows a repository: what flags it has, and to change one."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from terrace.server.problems import ProblemError

NAME = "door"
"""The socket, in the server's own folder."""
LONGEST_QUESTION = 128 * 1024
LONGEST_ANSWER = 64 * 1024 * 1024
SECONDS: Mapping[str, float] = {"toggle": 90.0, "fetch": 75.0}
"""How long some answers may take: a remote may be asked for them."""
_SECONDS = 15.0
AWAY = "The process that follows the repository is away, or busy. Try again soon."

Said = Mapping[str, Any]
log = logging.getLogger("terrace.server")


class Repository(Protocol):
    """The process that follows a repository, as those who serve know it."""

    async def ask(self, request: Said) -> Said:
        """Its answer: `status` as of HTTP, and more. Raises a problem where it is away."""


class Door:
    """Asks the process whose own folder is `own`."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._listed: Said = {}

    async def ask(self, request: Said) -> Said:
        """Its answer: `status` as of HTTP, and more. Raises a problem where it is away."""
        known = self._listed.get("commit") if request.get("do") == "list" else None
        asked = {**request, "known": known} if known else request
        try:
            async with asyncio.timeout(SECONDS.get(str(request.get("do")), _SECONDS)):
                said: Said = orjson.loads(await self._exchange(orjson.dumps(asked) + b"\n"))
        except (OSError, TimeoutError, ValueError) as error:
            log.warning("no answer from the process that follows: %s", type(error).__name__)
            raise ProblemError(503, AWAY, {"Retry-After": "1"}) from error
        if said.get("status") == 304:
            return self._listed
        if request.get("do") == "list" and said.get("status") == 200:
            self._listed = said
        return said

    async def _exchange(self, line: bytes) -> bytes:
        # The way through an open folder is short, however long the folder's name is.
        folder = os.open(self._own, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{NAME}")
        finally:
            os.close(folder)
        try:
            writer.write(line)
            await writer.drain()
            return await _all(reader)
        finally:
            writer.close()


async def _all(reader: asyncio.StreamReader) -> bytes:
    got = bytearray()
    while part := await reader.read(1 << 20):
        got += part
        if len(got) > LONGEST_ANSWER:
            raise ValueError("too long an answer")
    return bytes(got)
