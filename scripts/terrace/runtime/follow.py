"""Following a source: a thread that notices what is new there, whatever happens to the folder meanwhile."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Any, Protocol
from weakref import ref

from terrace.bundle.manifest import MANIFEST
from terrace.bundle.reader import DATA
from terrace.errors import TerraceError

LOOK = 1.0
"""Seconds between looks at the source where no event says that something is new: events can be lost."""
RENEW = 300.0
"""Seconds between questions to secret managers."""
_STEP, _TOGETHER = 2, 10
_AWAY = 0.2
_LONGEST_PAUSE = 60.0

log = logging.getLogger("terrace.runtime")
Token = tuple[Any, ...]


class Followed(Protocol):
    """What a follower keeps up to date."""

    @property
    def troubled(self) -> bool:
        """Whether what is at the source was refused, so that it is worth another try later."""

    def place(self) -> Path:
        """The folder of the service, which holds the link to the current release. Raises while it is away."""

    def refresh(self) -> bool:
        """Take what is new at the source; whether there was something."""

    def renew(self) -> bool:
        """Ask secret managers again; whether there was something new."""


class Follower:
    """Refreshes what it follows when the source has something new. Its thread is a daemon: no process waits for it.

    It holds what it follows by a weak reference, and ends when nobody else holds it.
    """

    def __init__(self, followed: Followed, *, look: float = LOOK, renew: float = RENEW) -> None:
        self._followed = ref(followed)
        self._look, self._renew = look, renew
        self._stop = threading.Event()
        self._seen: Token = ()
        self._again_at = self._renew_at = 0.0
        self._pause = LOOK
        self._thread: threading.Thread | None = None
        following = ref(self)

        def in_child() -> None:
            follower = following()
            # A thread does not live on in a forked process, as workers of a preloaded application are.
            if follower is not None and follower._thread is not None and not follower._stop.is_set():
                follower._stop = threading.Event()
                follower._begin()

        os.register_at_fork(after_in_child=in_child)

    def start(self) -> None:
        """Begin. What is at the source now counts as seen, if it is what runs."""
        self._seen = self._token()
        self._begin()

    def stop(self) -> None:
        """End, and wait until the thread has."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=10)

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name="terrace-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._renew_at = time.monotonic() + self._renew
        while not self._stop.is_set():
            self._look_around()
            if self._followed() is None:
                return
            self._wait_for_events()

    def _look_around(self) -> None:
        try:
            self._check()
            self._renew_if_due()
        except Exception:
            log.exception("following the configuration failed, and goes on")

    def _check(self) -> None:
        token = self._token()
        if token == self._seen and time.monotonic() < self._again_at:
            return
        followed = self._followed()
        if followed is None or (token == self._seen and not followed.troubled):
            return
        followed.refresh()
        self._seen = token
        # What was refused may be right a moment later with the same bytes: a store or a log that was away.
        self._pause = min(self._pause * 2, _LONGEST_PAUSE) if followed.troubled else self._look
        self._again_at = time.monotonic() + self._pause

    def _renew_if_due(self) -> None:
        followed = self._followed()
        if followed is not None and time.monotonic() >= self._renew_at:
            self._renew_at = time.monotonic() + self._renew
            followed.renew()

    def _token(self) -> Token:
        """What tells one state of the source from another, without reading it."""
        try:
            folder = self._place()
            if folder.is_file():
                return (str(folder), *_of(os.stat(folder)))  # noqa: PTH116 - asked for every second
            link = os.path.realpath(folder / DATA) if os.path.lexists(folder / DATA) else str(folder)
            return (link, *_of(os.stat(f"{link}/{MANIFEST}")))  # noqa: PTH116
        except (OSError, TerraceError) as error:
            return (type(error).__name__,)

    def _place(self) -> Path:
        followed = self._followed()
        if followed is None:
            raise TerraceError("nobody follows any more")
        return followed.place()

    def _wait_for_events(self) -> None:
        """Return when something may be new: an event, or the time for a look."""
        try:
            place = self._place()
            folder = place.parent if place.is_file() else place
        except TerraceError:
            self._stop.wait(_AWAY)
            return
        try:
            from watchfiles import watch

            events = watch(
                folder, watch_filter=None, debounce=_TOGETHER, step=_STEP, stop_event=self._stop,
                rust_timeout=int(self._look * 1000), yield_on_timeout=True, recursive=False,
                raise_interrupt=False,
            )  # fmt: skip
            self._while_the_same(folder, events)
        except (OSError, RuntimeError, ImportError) as error:
            log.debug("no events from %s: %s", folder, error)
            self._stop.wait(_AWAY)

    def _while_the_same(self, folder: Path, events: Any) -> None:
        """Check at each event, as long as the folder that is watched is the one that is there."""
        watched = os.stat(folder)  # noqa: PTH116
        for _ in events:
            if self._followed() is None:
                return
            self._look_around()
            now = os.stat(folder)  # noqa: PTH116
            if (now.st_dev, now.st_ino) != (watched.st_dev, watched.st_ino):
                return


def _of(status: os.stat_result) -> Token:
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
