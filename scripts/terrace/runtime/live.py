"""What runs of a bundle that is followed: read at the start, exchanged when something newer is right, else kept."""

from __future__ import annotations

import logging
import os
import threading
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar
from weakref import ref

from terrace.bundle.reader import Bundle
from terrace.errors import ConfigError, TerraceError
from terrace.runtime.asked import Asked
from terrace.runtime.lastgood import LastGood
from terrace.runtime.source import AwayError, locate, opened
from terrace.runtime.status import Refused

if TYPE_CHECKING:
    from terrace.runtime.follow import Follower

log = logging.getLogger("terrace.runtime")


class Running(Protocol):
    """What is made of one bundle. `age` is that of the last good copy in seconds; None if the source was read."""

    @property
    def digest(self) -> str: ...

    @property
    def age(self) -> float | None: ...


R = TypeVar("R", bound=Running)


class Live(ABC, Generic[R]):
    """One thing that runs at any moment, `_revision`, exchanged as a whole. Who asks for it waits for nothing."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._last_good = LastGood(asked.last_good) if asked.last_good else None
        self._lock = threading.RLock()
        self._refused: Refused | None = None
        self._counts = [0, 0]
        self._follower: Follower | None = None
        self._revision: R = self._first()
        _unlocked_in_children(self)

    @abstractmethod
    def _read(self, bundle: Bundle, before: R | None, age: float | None = None) -> R:
        """What `bundle` gives. Raises `TerraceError` where it is not right."""

    @abstractmethod
    def _exchange(self, new: R, bundle: Bundle) -> bool:
        """Let `new` run, with `_runs_now`; or refuse it after all. Whether it runs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def troubled(self) -> bool:
        """Whether what is at the source was refused, or the source is away."""
        return self._refused is not None

    def place(self) -> Path:
        """The folder that is read and followed. Raises `ConfigError` while it is away."""
        return locate(self._asked).folder

    def refresh(self) -> bool:
        """Read the source again; whether a newer revision runs now. One that is not right is refused, and logged.

        Called from the thread of an event loop, it would wait for subscribers in that loop for ever: use
        `asyncio.to_thread`.
        """
        with self._lock:
            digest = ""
            try:
                bundle = opened(self._asked)
                digest = bundle.ref.digest
                if self._runs(digest):
                    return self._confirm(bundle)
                return self._exchange(self._read(bundle, self._revision), bundle)
            except TerraceError as error:
                self._refuse(digest, error)
                return False

    def renew(self) -> bool:
        """Ask secret managers again for what references stand for; whether another value runs now."""
        return False

    def follow(self) -> None:
        """Begin to follow the source, in a thread that ends with the process or with `close`."""
        from terrace.runtime.follow import Follower
        from terrace.runtime.remote import Remote, RemoteFollower

        if self._follower is None:
            if self._asked.is_remote:
                self._follower = RemoteFollower(self, Remote(self._asked))
            else:
                self._follower = Follower(self)
            self._follower.start()

    def close(self) -> None:
        """Stop following. What runs stays what it is."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None

    def _first(self) -> R:
        try:
            bundle = opened(self._asked)
            revision = self._read(bundle, None)
        except AwayError as away:
            return self._last(away)
        except ConfigError:
            raise
        except TerraceError as error:
            raise ConfigError(error.message, hint=error.hint) from error
        if self._last_good is not None:
            self._last_good.keep(bundle)
        return revision

    def _last(self, away: AwayError) -> R:
        if self._last_good is None:
            raise away
        bundle, age = self._last_good.bundle(self._asked, away)
        revision = self._read(bundle, None, age)
        self._refused = Refused("", away.message, datetime.now(UTC), away.message)
        log.warning("the source is away: started with the last good copy of %d s ago: %s", age, away.message)
        return revision

    def _runs_now(self, new: R, bundle: Bundle) -> None:
        """Make `new` what runs: from one moment to the next, for every thread."""
        self._revision = new
        self._refused = None
        self._counts[0] += 1
        if self._last_good is not None:
            self._last_good.keep(bundle)

    def _runs(self, digest: str) -> bool:
        """Whether `digest` is what runs, read from the source itself and nothing newer refused for other reasons."""
        refused = self._refused is not None and self._refused.digest == digest
        return digest == self._revision.digest and self._revision.age is None and not refused

    def _confirm(self, bundle: Bundle) -> bool:
        self._refused = None
        if self._last_good is not None:
            self._last_good.keep(bundle)
        return False

    def _refuse(self, digest: str, error: TerraceError) -> None:
        reason = str(error)
        paths = tuple(problem.path for problem in error.problems) if isinstance(error, ConfigError) else ()
        if self._refused is None or (self._refused.digest, self._refused.reason) != (digest, reason):
            self._refused = Refused(digest, reason, datetime.now(UTC), error.message, paths)
            self._counts[1] += 1
            log.error("refused %s, %s stays: %s", digest or "what is at the source", self._revision.digest, reason)


def _unlocked_in_children(live: Live[R]) -> None:
    """See to it that a forked process has a lock of its own: a thread that held it here is not there to let go."""
    held = ref(live)

    def in_child() -> None:
        found = held()
        if found is not None:
            found._lock = threading.RLock()

    os.register_at_fork(after_in_child=in_child)
