"""What wakes the process that follows: events of the file system. Looks at intervals do the rest."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger("terrace.server")
QUIET, TOGETHER = 10, 400
"""Milliseconds without another event that make a state worth a look, and the most that are waited for them."""
AWAY = 1.0


class Watched(NamedTuple):
    """Folders to watch, with or without what lies below them, and which names in them matter."""

    folders: tuple[Path, ...]
    below: bool
    matters: Callable[[str], bool]


class Bell:
    """Rings when something may be new, from any thread, and also when it is time to stop."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._rung = threading.Event()

    def ring(self) -> None:
        """Something may be new."""
        self._rung.set()

    def end(self) -> None:
        """It is time to stop."""
        self.stop.set()
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Whether it rang within so many seconds."""
        rung = self._rung.wait(seconds)
        self._rung.clear()
        return rung


def listen(bell: Bell, watched: Callable[[], Sequence[Watched]]) -> None:
    """Ring `bell` at events, in threads of their own that end with it."""
    for index in range(len(watched())):
        threading.Thread(target=_listen, args=(bell, watched, index), name="terrace-notice", daemon=True).start()


def _listen(bell: Bell, watched: Callable[[], Sequence[Watched]], index: int) -> None:
    while not bell.stop.is_set():
        # Asked for again each time: a folder that was not there may have come.
        each = watched()[index]
        there = _there(each)
        if not there:
            bell.stop.wait(AWAY)
            continue
        try:
            _until_others(bell, each, there)
        except (OSError, RuntimeError) as error:
            log.debug("no events from %s: %s", there, error)
            bell.stop.wait(AWAY)


def _there(watched: Watched) -> list[Path]:
    return [folder for folder in watched.folders if folder.is_dir()]


def _until_others(bell: Bell, watched: Watched, there: list[Path]) -> None:
    """Ring at events in these folders, as long as they are the ones that are there."""
    from watchfiles import watch

    events = watch(
        *there, watch_filter=lambda _, path: watched.matters(path), debounce=TOGETHER, step=QUIET, stop_event=bell.stop,
        rust_timeout=2000, yield_on_timeout=True, recursive=watched.below, raise_interrupt=False,
    )  # fmt: skip
    inodes = [folder.stat().st_ino for folder in there]
    for changes in events:
        if changes:
            bell.ring()
        if _there(watched) != there or [folder.stat().st_ino for folder in there] != inodes:
            # What came between may have been missed.
            bell.ring()
            return
