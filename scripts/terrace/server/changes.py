"""Callers that wait for something new: woken through their event loop, without a thread for any of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from terrace.server.problems import ProblemError
from terrace.server.shelf import Shelf
from terrace.server.stand import Key

MOST = 100
"""How many requests of one caller may wait at once, in one worker."""


class Changes:
    """What wakes those who wait. Belongs to one event loop, from `open` to `close`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._waiting: dict[Key, asyncio.Event] = {}
        self._callers: Counter[str] = Counter()
        self.closing = False

    def open(self) -> None:
        """Begin to hear of exchanges, in the loop that is running."""
        loop = asyncio.get_running_loop()

        def told(key: Key) -> None:
            # While the loop is closed nobody waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake, key)

        self._end = self._shelf.subscribe(told)

    def close(self) -> None:
        """Wake everybody, for good: who waits gets an answer now, and nobody begins to wait."""
        self.closing = True
        for key in list(self._waiting):
            self._wake(key)

    def end(self) -> None:
        """Hear of nothing any more."""
        self._end()

    def next(self, key: Key) -> asyncio.Event:
        """What is set when `key` is exchanged next. Take it before you look: then nothing is missed."""
        return self._waiting.setdefault(key, asyncio.Event())

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until `event` is set; whether it was, in that time."""
        if self.closing:
            return True
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await event.wait()
        except TimeoutError:
            return False
        return True

    @property
    def count(self) -> int:
        """How many requests wait now."""
        return self._callers.total()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """A place to wait for a caller. Raises a problem where it has too many already."""
        self.enter(caller)
        try:
            yield
        finally:
            self.leave(caller)

    def enter(self, caller: str, most: int | None = None) -> None:
        """Take a place; see `place`."""
        if self._callers[caller] >= (MOST if most is None else most):
            raise ProblemError(429, "Too many requests of this caller wait already.", {"Retry-After": "5"})
        self._callers[caller] += 1

    def leave(self, caller: str) -> None:
        """Give a place back."""
        self._callers[caller] -= 1
        if not self._callers[caller]:
            del self._callers[caller]

    def _wake(self, key: Key) -> None:
        event = self._waiting.pop(key, None)
        if event is not None:
            event.set()
