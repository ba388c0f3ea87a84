"""Connections to a database, as far as a configuration is concerned: how many there may be."""

from __future__ import annotations

import asyncio
import threading


class Pool:
    """At most `size` at once. It can be resized from any thread; who is inside stays."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self._lock = threading.Lock()

    def resize(self, size: int) -> None:
        """From now on at most `size`."""
        with self._lock:
            self.size = size

    async def __aenter__(self) -> None:
        while not self._enter():
            await asyncio.sleep(0.001)

    async def __aexit__(self, *_: object) -> None:
        with self._lock:
            self.used -= 1

    def _enter(self) -> bool:
        with self._lock:
            free = self.used < self.size
            self.used += free
        return free
