"""The time in which one deployer has the destination for itself: what the last one left is put right first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NamedTuple

from terrace.deploy import hold as holds
from terrace.deploy import intent as intents
from terrace.deploy import log
from terrace.deploy.clock import stamp
from terrace.deploy.disk import names, remove_file, told
from terrace.deploy.history import recent
from terrace.deploy.intent import State
from terrace.deploy.layout import current_folder, digest_of, releases, remove_release, sweep
from terrace.deploy.lock import locked
from terrace.deploy.steps import OnStep, Step
from terrace.errors import DestinationError
from terrace.model.release import BundleRef, Hold, Release


class Session(NamedTuple):
    """The destination while it is locked: its log, its holds, and the release that was finished for a dead deployer."""

    state: State
    entries: list[log.Entry]
    holds: list[Hold]
    recovered: Release | None

    @property
    def number(self) -> int:
        """The number of the last release."""
        return max((entry.release.number for entry in self.entries), default=0)

    @property
    def sequence(self) -> int:
        """The number of the last line of the log."""
        return self.entries[-1].sequence if self.entries else 0

    @property
    def last(self) -> Release | None:
        """The last release."""
        found = (entry.release for entry in reversed(self.entries) if entry.release.action in log.RELEASES)
        return next(found, None)

    @property
    def environment(self) -> str:
        """The environment whose destination this is; empty before the first release."""
        return self.last.environment if self.last else ""

    def event(self, action: str, now: datetime, actor: str, reason: str) -> Release:
        """What is to be logged of an action that changes nothing that runs."""
        return Release(self.number, stamp(now), action, actor, self.environment, (), reason=reason)

    def lines(self, *logged: Release) -> tuple[log.Entry, ...]:
        """The next lines of the log."""
        return tuple(log.Entry(self.sequence + place, release) for place, release in enumerate(logged, 1))


@contextmanager
def session(state: State, now: datetime, on_step: OnStep) -> Iterator[Session]:
    """Hold the destination's lock, finish what was interrupted, and leave nothing half done behind."""
    with told("set up the destination"):
        state.holds.mkdir(parents=True, exist_ok=True)
        state.pins.mkdir(exist_ok=True)
    with locked(state.lock, now):
        on_step(Step.LOCKED)
        with told("recover the destination"):
            recovered = _recover(state, on_step)
            found = Session(state, log.read(state.log), holds.read(state.holds), recovered)
        on_step(Step.RECOVERED)
        try:
            yield found
        finally:
            # What this deployer could not finish staging is in nobody's way, but it takes space.
            with suppress(OSError):
                _sweep(state)


def prune(state: State, entries: list[log.Entry], keep: int, protected: set[str], on_step: OnStep) -> None:
    """Remove the releases that nobody goes back to: all but the last `keep`, the current, held and pinned ones."""
    wanted = protected | {f"sha256:{name}" for name in names(state.pins)}
    wanted |= {digest for hold in holds.read(state.holds) for digest in (hold.undone, hold.restored)}
    for service in services(state):
        folder = state.root / service
        current = current_folder(folder)
        kept = wanted | set(recent(entries, service)[:keep])
        for name in list(releases(folder)):
            if digest_of(name) not in kept and (current is None or current.name != name):
                remove_release(folder, name)
                on_step(Step.PRUNED)


def services(state: State) -> list[str]:
    """The services that the destination has a folder of."""
    try:
        found = os.scandir(state.root)
    except FileNotFoundError:
        return []
    with found:
        return sorted(entry.name for entry in found if not entry.name.startswith(".") and entry.is_dir())


def same_environment(session: Session, bundles: list[BundleRef]) -> str:
    """The environment of `bundles`: one for all, and the destination's own. Each service comes once."""
    environments = {bundle.environment for bundle in bundles} | ({session.environment} - {""})
    if len(environments) > 1:
        raise DestinationError(
            f"bundles of {' and '.join(sorted(environments))} cannot lie at one destination",
            hint="Each environment has a destination of its own, named in its environment.yaml.",
        )
    services = [bundle.service for bundle in bundles]
    twice = sorted({name for name in services if services.count(name) > 1})
    if twice or not services:
        raise DestinationError(
            f"service '{twice[0]}' has two bundles in one release" if twice else "there is no bundle"
        )
    return environments.pop()


def _recover(state: State, on_step: OnStep) -> Release | None:
    """Put right what a deployer that died has left, and return the release that this finished."""
    log.repair(state.log)
    _sweep(state)
    intent = intents.read(state)
    if intent is None:
        return None
    gone = [name for name, folder in intent.folders.items() if not (state.root / name / folder).is_dir()]
    if gone:
        # Somebody removed the releases that were to become current: what is current stays, whole.
        remove_file(state.pending)
        return None
    intents.finish(state, intent, on_step)
    return next((entry.release for entry in intent.entries if entry.release.action in log.RELEASES), None)


def _sweep(state: State) -> None:
    for service in services(state):
        sweep(state.root / service)
