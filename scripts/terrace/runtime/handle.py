"""A live handle: one complete, validated revision at any moment, exchanged as a whole when a newer one is right."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pydantic import BaseModel

from terrace.errors import ConfigError, TerraceError
from terrace.model.source import dotted
from terrace.runtime.asked import Asked
from terrace.runtime.lastgood import LastGood
from terrace.runtime.reader import Reader
from terrace.runtime.revision import Revision
from terrace.runtime.source import AwayError, locate, opened
from terrace.runtime.status import Change, Refused, Status, change_of
from terrace.runtime.subscribers import Subscribers

if TYPE_CHECKING:
    from terrace.runtime.follow import Follower

M = TypeVar("M", bound=BaseModel)
log = logging.getLogger("terrace.runtime")


class Handle(Generic[M]):
    """The configuration of a running process. Made by `terrace.runtime.watch`."""

    def __init__(self, model: type[M], asked: Asked) -> None:
        self._reader = Reader(model, asked)
        self._asked = asked
        self._last_good = LastGood(asked.last_good) if asked.last_good else None
        self._lock = threading.RLock()
        self._subscribers: Subscribers[Change[M]] = Subscribers()
        self._refused: Refused | None = None
        self._counts = [0, 0]
        self._follower: Follower | None = None
        self._revision: Revision[M] = self._first()
        self._say(self._revision)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Handle({self._revision!r})"

    @property
    def current(self) -> M:
        """The configuration of this process, as the revision that runs now has it."""
        return self._revision.config

    @property
    def revision(self) -> Revision[M]:
        """The revision that runs now: for who reads several things that must belong together."""
        return self._revision

    def for_tenant(self, tenant: str) -> M:
        """The configuration of a tenant, as the revision that runs now has it. Raises `ConfigError` if it has none."""
        return self._revision.for_tenant(tenant)

    def on_prepare(self, subscriber: Callable[[Change[M]], Any]) -> Callable[[], None]:
        """Ask `subscriber` before each exchange: if it raises, the newer revision is refused, with what it raised.

        It may be a coroutine function, and then runs in the event loop that is running here and now. What comes back
        ends the subscription.
        """
        return self._subscribers.add(subscriber, prepares=True)

    def on_change(self, subscriber: Callable[[Change[M]], Any]) -> Callable[[], None]:
        """Tell `subscriber` after each exchange; as `on_prepare`, but it can refuse nothing any more."""
        return self._subscribers.add(subscriber, prepares=False)

    @property
    def status(self) -> Status:
        """How the handle is now."""
        revision, refused = self._revision, self._refused
        return Status(
            state="degraded" if refused is not None or revision.age is not None else "ok",
            service=revision.service,
            environment=revision.environment,
            tenant=revision.tenant,
            digest=revision.digest,
            commit=revision.commit,
            contract=revision.contract,
            since=revision.loaded,
            refused=refused,
            waiting=tuple(map(dotted, revision.waiting)),
            unknown=tuple(map(dotted, revision.unknown)),
            overridden=revision.overridden,
            noticed=revision.noticed,
            age=revision.age,
            reloads=self._counts[0],
            refusals=self._counts[1],
        )

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
                    return self._confirm()
                return self._exchange(self._reader.revision(bundle, self._revision))
            except TerraceError as error:
                self._refuse(digest, error)
                return False

    def renew(self) -> bool:
        """Ask secret managers again for what references stand for; whether another value runs now."""
        with self._lock:
            renewal = self._reader.secrets.renew()
            if renewal is None:
                return False
            for problem in renewal.problems:
                log.warning("a reference could not be renewed, its last good value stays: %s", problem)
            if not renewal.changed:
                return False
            self._reader.renewals += 1
            try:
                return self._exchange(self._reader.revision(self._revision.bundle, self._revision))
            except TerraceError as error:
                self._refuse(self._revision.digest, error)
                return False

    @contextmanager
    def replaced(self, patch: Mapping[str, Any], tenant: str | None = None) -> Iterator[M]:
        """Within the block, give the configuration with `patch` merged in: for `terrace.runtime.testing`."""
        with self._lock:
            before = self._revision
            name = before.tenant if tenant is None else tenant
            before.for_tenant(name)
            self._revision = self._reader.patched(before, name, patch)
        try:
            yield self._revision.for_tenant(name)
        finally:
            with self._lock:
                self._revision = before

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
        """Stop following. `current` stays what it is."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None

    def _first(self) -> Revision[M]:
        try:
            revision = self._reader.read()
        except AwayError as away:
            return self._last(away)
        except ConfigError:
            raise
        except TerraceError as error:
            raise ConfigError(error.message, hint=error.hint) from error
        if self._last_good is not None:
            self._last_good.keep(revision.bundle)
        return revision

    def _last(self, away: AwayError) -> Revision[M]:
        if self._last_good is None:
            raise away
        bundle, age = self._last_good.bundle(self._asked, away)
        revision = self._reader.revision(bundle, age=age)
        self._refused = Refused("", away.message, datetime.now(UTC), away.message)
        log.warning("the source is away: started with the last good copy of %d s ago: %s", age, away.message)
        return revision

    def _exchange(self, new: Revision[M]) -> bool:
        old = self._revision
        change = change_of(old, new)
        vetoed = self._subscribers.prepare(change)
        if vetoed:
            self._refuse(new.digest, ConfigError(vetoed.summary, hint=vetoed.reason))
            return False
        self._revision = new
        self._refused = None
        self._counts[0] += 1
        self._reader.secrets.keep(new.bundle)
        if self._last_good is not None:
            self._last_good.keep(new.bundle)
        log.info("%s in %s: %s runs, %d changed", new.service, new.environment, new.digest, len(change.paths))
        self._say(new)
        for problem in self._subscribers.tell(change):
            log.error("a subscriber to changes failed: %s", problem)
        return True

    def _runs(self, digest: str) -> bool:
        """Whether that is what runs, from the source itself, and nothing of it was refused."""
        refused = self._refused is not None and self._refused.digest == digest
        return digest == self._revision.digest and self._revision.age is None and not refused

    def _confirm(self) -> bool:
        self._refused = None
        if self._last_good is not None:
            self._last_good.keep(self._revision.bundle)
        return False

    def _refuse(self, digest: str, error: TerraceError) -> None:
        reason = str(error)
        paths = tuple(problem.path for problem in error.problems) if isinstance(error, ConfigError) else ()
        if self._refused is None or (self._refused.digest, self._refused.reason) != (digest, reason):
            self._refused = Refused(digest, reason, datetime.now(UTC), error.message, paths)
            self._counts[1] += 1
            log.error("refused %s, %s stays: %s", digest or "what is at the source", self._revision.digest, reason)

    def _say(self, revision: Revision[M]) -> None:
        for notice in (*revision.noticed, *self._reader.secrets.warnings()):
            log.warning("%s", notice)
        if revision.waiting:
            log.warning("changed, and waits for a restart: %s", ", ".join(map(dotted, revision.waiting)))
        if revision.unknown:
            log.warning("left out, for the bundle's contract is newer: %s", ", ".join(map(dotted, revision.unknown)))
