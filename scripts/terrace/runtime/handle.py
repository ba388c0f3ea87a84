"""A live handle: one complete, validated revision at any moment, exchanged as a whole when a newer one is right."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from terrace.bundle.reader import Bundle
from terrace.errors import ConfigError, TerraceError
from terrace.model.source import dotted
from terrace.runtime.asked import Asked
from terrace.runtime.live import Live
from terrace.runtime.reader import Reader
from terrace.runtime.revision import Revision
from terrace.runtime.status import Change, Status, change_of
from terrace.runtime.subscribers import Subscribers

M = TypeVar("M", bound=BaseModel)
log = logging.getLogger("terrace.runtime")


class Handle(Live[Revision[M]], Generic[M]):
    """The configuration of a running process. Made by `terrace.runtime.watch`."""

    def __init__(self, model: type[M], asked: Asked) -> None:
        self._reader = Reader(model, asked)
        self._subscribers: Subscribers[Change[M]] = Subscribers()
        super().__init__(asked)
        self._say(self._revision)

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
                revision = self._reader.revision(self._revision.bundle, self._revision)
                return self._exchange(revision, revision.bundle)
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

    def _read(self, bundle: Bundle, before: Revision[M] | None, age: float | None = None) -> Revision[M]:
        return self._reader.revision(bundle, before, age=age)

    def _exchange(self, new: Revision[M], bundle: Bundle) -> bool:
        old = self._revision
        change = change_of(old, new)
        vetoed = self._subscribers.prepare(change)
        if vetoed:
            self._refuse(new.digest, ConfigError(vetoed.summary, hint=vetoed.reason))
            return False
        self._runs_now(new, bundle)
        self._reader.secrets.keep(bundle)
        log.info("%s in %s: %s runs, %d changed", new.service, new.environment, new.digest, len(change.paths))
        self._say(new)
        for problem in self._subscribers.tell(change):
            log.error("a subscriber to changes failed: %s", problem)
        return True

    def _say(self, revision: Revision[M]) -> None:
        for notice in (*revision.noticed, *self._reader.secrets.warnings()):
            log.warning("%s", notice)
        if revision.waiting:
            log.warning("changed, and waits for a restart: %s", ", ".join(map(dotted, revision.waiting)))
        if revision.unknown:
            log.warning("left out, for the bundle's contract is newer: %s", ", ".join(map(dotted, revision.unknown)))
