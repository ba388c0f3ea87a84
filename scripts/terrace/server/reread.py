"""What a file says, read again when the file changes."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from terrace.errors import TerraceError

Read = TypeVar("Read")
Stamp = tuple[int, ...]
log = logging.getLogger("terrace.server")


class Reread(Generic[Read]):
    """Files that are `read` together. What raises a `TerraceError` later is not taken up: it stays as it was.

    `name` says in the log what stays.
    """

    def __init__(self, name: str, paths: tuple[Path, ...], read: Callable[[], Read]) -> None:
        self._name, self._paths, self._read = name, paths, read
        self._lock = threading.Lock()
        self._seen = self._stamps()
        self._now = read()

    @property
    def now(self) -> Read:
        """What stands in the files, or stood in them when they were last right."""
        stamps = self._stamps()
        if stamps != self._seen:
            with self._lock:
                if stamps != self._seen:
                    self._seen = stamps
                    self._take_up()
        return self._now

    def _take_up(self) -> None:
        try:
            self._now = self._read()
        except TerraceError as error:
            log.error("%s stay as they were: %s", self._name, error.message)

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(map(_stamp, self._paths))


def _stamp(path: Path) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked for at every request
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode
