"""What every destination can do, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from terrace.bundle import Bundle
from terrace.bundle.signers import ANYBODY, Signers
from terrace.deploy.changes import LeafChange
from terrace.deploy.trust import NOBODY_ASKS, Trust
from terrace.model.release import BundleRef, Hold, Release


class Moved(NamedTuple):
    """The streams of a release that go back: its configuration, which secrets can join, and its flags."""

    config: bool = True
    secrets: bool = False
    flags: bool = False


CONFIGURATION = Moved()
"""What goes back where nobody says more."""


class Delivery(NamedTuple):
    """What a deployment did. `unchanged`: the destination had these bundles already, and `release` is the one it has.

    `cleared` names the holds that these bundles cleared; `recovered` the interrupted release that was finished first.
    """

    release: Release
    unchanged: bool = False
    cleared: tuple[str, ...] = ()
    recovered: Release | None = None
    warnings: tuple[str, ...] = ()


class ServiceRollback(NamedTuple):
    """What a rollback did to one service: what was undone, whose configuration is back, and what runs now.

    `secrets` names the layers whose secrets files differ from those of the restored release.
    """

    service: str
    undone: BundleRef
    restored: BundleRef
    now: BundleRef
    changes: tuple[LeafChange, ...]
    secrets: tuple[str, ...]
    hold: Hold | None


class RollbackResult(NamedTuple):
    """What a rollback did. `unchanged`: there was nothing to take back."""

    release: Release
    services: tuple[ServiceRollback, ...]
    unchanged: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def needs_restart(self) -> bool:
        """Whether a leaf changed that no running process takes by itself."""
        return any(not change.live for service in self.services for change in service.changes)


class Destination(Protocol):
    """A place where bundles go. What is current there is always a whole release."""

    def deploy(
        self,
        folders: Sequence[Path],
        *,
        now: datetime,
        actor: str,
        commit: str = "",
        dirty: bool = False,
        reason: str = "",
        signers: Signers = ANYBODY,
    ) -> Delivery:
        """Make the bundles in `folders` current, all of them; what was interrupted before is finished first.

        One that none of `signers` signed is refused, if there are some.
        """

    def rollback(
        self,
        service: str | None = None,
        to: str | None = None,
        *,
        reason: str,
        actor: str,
        now: datetime,
        streams: Moved = CONFIGURATION,
        allow_revoked: bool = False,
        trust: Trust = NOBODY_ASKS,
    ) -> RollbackResult:
        """Go back to an earlier release that `trust` accepts, and hold what that undid."""

    def releases(self) -> list[Release]:
        """Every release the destination had, the oldest first."""

    def current(self) -> dict[str, BundleRef]:
        """What is current, by service."""

    def changed_leaves(self, folder: Path) -> int:
        """How many leaves the bundle in `folder` would change of what is current."""

    def check_holds(self, bundle: Bundle) -> None:
        """Raise `HeldError` if `bundle` brings back what a rollback undid."""

    def holds(self) -> list[Hold]:
        """The holds that stand, the oldest first."""

    def lift(self, name: str, *, reason: str, actor: str, now: datetime) -> Hold:
        """Take away the hold `name`; what it held back can be deployed again."""

    def break_lock(self, owner: str, *, reason: str, actor: str, now: datetime) -> None:
        """Forget the deployer `owner` (`host:pid`), which is known to be gone, and finish what it began."""
