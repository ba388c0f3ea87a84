"""The keys of a provider of tokens: kept in memory, asked for again in time, and kept on while it is away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from terrace.errors import TerraceError
from terrace.server import fetch, jwks
from terrace.server.caller_file import Issuer
from terrace.server.discovery import discover
from terrace.server.jwks import Keys
from terrace.server.reread import Reread

FRESH = 600.0
"""Seconds after which keys are asked for again: a key that the provider takes back is not good for longer."""
PAUSE = 30.0
"""Seconds between two questions, whatever tokens come: nobody makes us ask a provider all the time."""
KEPT = 86400.0
"""Seconds for which the last keys are good while the provider is away."""
log = logging.getLogger("terrace.server")


class Provider(Protocol):
    """Has keys."""

    @property
    def keys(self) -> Keys:
        """Those that are known now."""

    async def ready(self, key: str) -> None:
        """Wait until `key` is known, if asking for it can help and may be done now."""


class Source(NamedTuple):
    """Where keys come from."""

    issuer: str
    keys: str
    ca_file: str


def source(issuer: Issuer) -> Source:
    """Where the keys of an issuer come from."""
    return Source(issuer.issuer, issuer.keys, issuer.ca_file)


def provider(source: Source) -> Provider:
    """The provider with a source."""
    return Remote(source) if not source.keys or "://" in source.keys else KeyFile(Path(source.keys))


class KeyFile:
    """Keys in a file, which is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: Reread[Keys] | None = None

    @property
    def keys(self) -> Keys:
        """Those in the file, or that stood in it when it was last right."""
        try:
            self._kept = self._kept or Reread(f"the keys in {self._path}", (self._path,), self._read)
        except TerraceError as error:
            log.error("%s", error.message)
            return Keys()
        return self._kept.now

    async def ready(self, key: str) -> None:
        """The file is here."""

    def _read(self) -> Keys:
        try:
            return jwks.read(self._path.read_bytes())
        except OSError as error:
            raise TerraceError(f"cannot read {self._path}: {error.strerror}") from error


class Remote:
    """Keys that are asked for over the network, by one question at a time."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._keys = Keys()
        self._got = self._asked = -KEPT
        self._asking: asyncio.Future[None] | None = None

    @property
    def keys(self) -> Keys:
        """The last ones that came."""
        return self._keys if self._clock() - self._got <= KEPT else Keys()

    async def ready(self, key: str) -> None:
        """Wait for an answer if `key` is not known; ask, and do not wait, if what is known is not fresh."""
        known = self.keys
        missing = not known.has(key) if key else not known.all
        if missing or self._clock() - self._got > FRESH:
            self._ask()
        if missing and self._asking is not None:
            # Who leaves does not take the answer away from the others.
            await asyncio.shield(self._asking)

    def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        if self._asking is not None and self._asking.get_loop() is loop and not self._asking.done():
            return
        self._asking = None
        if self._clock() - self._asked >= PAUSE:
            self._asked = self._clock()
            self._asking = loop.run_in_executor(None, self._take_up)

    def _take_up(self) -> None:
        try:
            self._keys, self._got = jwks.read(self._fetch()), self._clock()
        except TerraceError as error:
            log.warning("the keys of %s stay as they were: %s", self._source.issuer, error.message)

    def _fetch(self) -> bytes:
        here = fetch.is_here(self._source.issuer)
        url = self._source.keys or discover(self._source.issuer, self._source.ca_file).keys
        # What the file says may be on this machine. What a provider says may be so only if it is here itself.
        return fetch.get(url, ca_file=self._source.ca_file, loopback=here or bool(self._source.keys))
