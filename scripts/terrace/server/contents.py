"""Things kept in memory by a key that never means anything else, the ones used last longest."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from terrace.bundle import Bundle

MIB = 1024 * 1024
V = TypeVar("V")


class Kept(Generic[V]):
    """Values by key, as many as `limit` bytes hold. For several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """What is kept under `key`; None if nothing is, any more."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: V, size: int) -> V:
        """Keep `value`, of about `size` bytes, and forget what was not used for longest."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = (value, size)
                self._size += size
            while self._size > self._limit and self._kept:
                self._size -= self._kept.popitem(last=False)[1][1]
        return value


class Contents:
    """The files of bundles by what they hold: one that many tenants or releases take is kept once.

    A release that is removed at its destination while it is still the last good one can be read on from here, as far
    as memory was given.
    """

    def __init__(self, limit: int = 64 * MIB) -> None:
        self._limit = limit
        self._files: Kept[bytes] = Kept(limit)

    def read(self, bundle: Bundle, name: str) -> bytes:
        """The bytes of a file that the manifest of `bundle` lists, checked against it. Raises `BundleError`."""
        sha256 = bundle.manifest.files[name].sha256
        found = self._files.get(sha256)
        if found is not None:
            return found
        data = bundle.read(name)
        return self._files.put(sha256, data, len(data))

    def warm(self, bundle: Bundle) -> None:
        """Read all of `bundle`, if it fits beside others."""
        if sum(entry.size for entry in bundle.manifest.files.values()) <= self._limit // 4:
            for name in bundle.manifest.files:
                self.read(bundle, name)
