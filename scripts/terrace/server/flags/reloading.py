"""What a client heard of is served to it: whoever heard of a release in another worker does not get the one before."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque

from starlette.concurrency import run_in_threadpool

from terrace.model.flag import STREAM
from terrace.server.flags.served import Flags
from terrace.server.shelf import Shelf
from terrace.server.stand import Key

_REMEMBERED = 64


class Reloading:
    """Looks for newer flags when a request knows of some. Belongs to one event loop."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._had: deque[str] = deque(maxlen=_REMEMBERED)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._looks: defaultdict[str, int] = defaultdict(int)

    async def fresh(self, flags: Flags, etag: str, modified: str) -> Flags:
        """`flags`, or newer ones, if there are, where `etag` or `modified` (of an event) are of none that were here."""
        if not self._is_unknown(flags, etag.partition(".")[0], modified):
            return flags
        environment = flags.environment
        look = self._looks[environment]
        async with self._locks[environment]:
            # A look that began after this request came is as good as one of its own.
            if self._looks[environment] < look + 2:
                self._looks[environment] += 1
                await run_in_threadpool(self._shelf.reload, Key(environment, STREAM))
        found = self._shelf.flags[environment].flags
        return found if found is not None else flags

    def _is_unknown(self, flags: Flags, tag: str, modified: str) -> bool:
        if flags.tag not in self._had:
            self._had.append(flags.tag)
        if tag:
            return tag not in self._had
        return modified.isascii() and modified.isdigit() and int(modified[:12]) > flags.made
