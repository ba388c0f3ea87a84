"""The directory destination: a folder that services read, in the layout of Kubernetes' AtomicWriter.

    <root>/
      backend/             one folder a service: see `layout`
      worker/
      .terrace/            the destination's own
        lock               who deploys right now: see `lock`
        log.jsonl          the release log: see `log`
        pending.json       what a deployer is about to do: see `intent`
        holds/             what rollbacks undid: see `hold`
        pins/              releases that are never removed

A deployment, and what the next deployer does if it dies there:

    lock                   the kernel has freed it: take it over
    finish or sweep        carry out an intent, remove what is half staged
    check the holds        nothing has changed yet
    stage each bundle      remove what was staged
    write pending.json     from here on the release goes forward: finish it
    swap each service      each service has the old release or the new one, whole: finish it
    append to log.jsonl    cut off half a line, and write it again
    remove pending.json
    prune                  remove the rest

Readers take no lock: they open what `..data` points at once, and stay with that folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from terrace.bundle import Bundle, open_bundle, verify
from terrace.bundle.manifest import is_flat
from terrace.bundle.signers import ANYBODY, Signers
from terrace.deploy import hold as held
from terrace.deploy import log
from terrace.deploy.changes import changes
from terrace.deploy.clock import stamp
from terrace.deploy.destination import CONFIGURATION, Delivery, Moved, RollbackResult
from terrace.deploy.disk import names, remove_file, sync_folder, told, write_durably
from terrace.deploy.intent import Intent, State, carry_out
from terrace.deploy.layout import current_folder, digest_of, find_release, in_the_way, stage
from terrace.deploy.lock import break_lock
from terrace.deploy.rollback import Prepared, Record, choose, prepare
from terrace.deploy.session import Session, prune, same_environment, services, session
from terrace.deploy.steps import OnStep, Step, silent
from terrace.deploy.trust import NOBODY_ASKS, Trust, is_signed_alike, refuse_unsigned
from terrace.errors import BundleError, DestinationError
from terrace.model.release import BundleRef, Hold, Release


class DirectoryDestination:
    """The destination in the folder `root`. It keeps the last `keep` releases of each service, and always two."""

    def __init__(self, root: Path, *, keep: int = 10, on_step: OnStep = silent) -> None:
        self.root = root
        self._keep = max(2, keep)
        self._step = on_step
        self._state = State(root)

    def __repr__(self) -> str:
        return f"DirectoryDestination({str(self.root)!r})"

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

        One that none of `signers` signed is refused, if there are some. The same content with a signature by another
        key is a release of its own.
        """
        bundles = [open_bundle(folder) for folder in folders]
        for bundle in bundles:
            refuse_unsigned(bundle, signers)
        refs = [bundle.ref for bundle in bundles]
        with session(self._state, now, self._step) as locked:
            environment = same_environment(locked, refs)
            cleared = tuple(hold.name for bundle in bundles for hold in held.check(locked.holds, bundle))
            self._step(Step.CHECKED)
            current, staged, logged = locked.last, dict[str, str](), list[Release]()
            if current is not None and all(self._has(bundle, signers) for bundle in bundles):
                release = current
            else:
                release = Release(
                    locked.number + 1, stamp(now), "deploy", actor, environment, tuple(refs), commit, dirty, reason
                )
                staged, logged = self._stage(locked, bundles, signers), [release]
            logged += [
                replace(release, action="clear", time=stamp(now), actor=actor, bundles=(), reason=_CLEARED.format(name))
                for name in cleared
            ]
            if logged:
                self._carry_out(Intent(staged, locked.lines(*logged), lift=cleared))
            warnings = self._prune(locked, logged)
            return Delivery(release, not staged, cleared, locked.recovered, warnings)

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
        """Go back to an earlier release, and hold what that undid.

        Without `to`: to the release whose configuration ran before. Without `service`: undo the latest release. Secrets
        and flags stay the current ones unless `streams` has them; a release with secrets that were revoked since is
        refused then, unless `allow_revoked`. So is one that `trust` does not accept, unless it has a key that signs it
        anew. Neither Git nor the repository is needed.
        """
        with session(self._state, now, self._step) as locked:
            record = Record(locked.number + 1, now, actor, reason, streams, allow_revoked, trust)
            chosen = choose(locked.entries, service, to, streams)
            with told("stage the rollback"):
                prepared = [
                    prepare(self.root / name, digest, record, locked.holds, self._step)
                    for name, digest in sorted(chosen.items())
                ]
            moved = [item for item in prepared if item.outcome.hold is not None]
            release = self._go_back(locked, moved, record) if moved else locked.last
            if release is None:
                raise DestinationError("the destination has no release yet")
            warnings = [warning for item in prepared for warning in item.warnings]
            if locked.recovered is not None:
                warnings.insert(0, f"release {locked.recovered.number} was interrupted, and finished before this")
            return RollbackResult(release, tuple(item.outcome for item in prepared), not moved, tuple(warnings))

    def releases(self) -> list[Release]:
        """Every release the destination had, the oldest first."""
        return [release for release in self.history() if release.action in log.RELEASES]

    def history(self) -> list[Release]:
        """Everything that the log holds, also what changed nothing that runs, as lifting a hold."""
        with told("read the release log"):
            return [entry.release for entry in log.read(self._state.log)]

    def current(self) -> dict[str, BundleRef]:
        """What is current, by service. A service whose release is damaged has nothing: the next deployment mends it."""
        with told("read the destination"):
            bundles = {name: _bundle_in(current_folder(self.root / name)) for name in services(self._state)}
        return {name: bundle.ref for name, bundle in bundles.items() if bundle is not None}

    def changed_leaves(self, folder: Path) -> int:
        """How many leaves the bundle in `folder` would change of what is current; 0 where nothing is."""
        bundle = open_bundle(folder)
        here = _bundle_in(current_folder(self.root / bundle.ref.service))
        return 0 if here is None else len({change.pointer for change in changes(here, bundle)})

    def check_holds(self, bundle: Bundle) -> None:
        """Raise `HeldError`, naming the hold and the leaves, if `bundle` brings back what a rollback undid."""
        held.check(self.holds(), bundle)

    def holds(self) -> list[Hold]:
        """The holds that stand, the oldest first."""
        with told("read the holds"):
            return held.read(self._state.holds)

    def lift(self, name: str, *, reason: str, actor: str, now: datetime) -> Hold:
        """Take away the hold `name`; what it held back can be deployed again."""
        with session(self._state, now, self._step) as locked:
            found = next((hold for hold in locked.holds if hold.name == name), None)
            if found is None:
                names = ", ".join(hold.name for hold in locked.holds) or "none"
                raise DestinationError(f"there is no hold '{name}'", hint=f"Holds that stand: {names}.")
            event = locked.event("lift", now, actor, f"hold '{name}': {reason}")
            self._carry_out(Intent({}, locked.lines(event), lift=(name,)))
            return found

    def break_lock(self, owner: str, *, reason: str, actor: str, now: datetime) -> None:
        """Forget the deployer `owner` (`host:pid`), which is known to be gone, and finish what it began."""
        break_lock(self._state.lock, owner, now)
        with session(self._state, now, self._step) as locked:
            event = locked.event("break-lock", now, actor, f"{owner}: {reason}")
            self._carry_out(Intent({}, locked.lines(event)))

    def pin(self, digest: str, *, now: datetime) -> None:
        """Never remove the release `digest`, however old it becomes."""
        with session(self._state, now, self._step):
            if not any(find_release(self.root / name, digest) for name in services(self._state)):
                raise DestinationError(f"no release here has the digest {digest}", hint="Give all of its digits.")
            with told("pin the release"):
                write_durably(self._pin(digest), b"")

    def unpin(self, digest: str, *, now: datetime) -> None:
        """Let the release `digest` go when it is old enough."""
        with session(self._state, now, self._step), told("unpin the release"):
            remove_file(self._pin(digest))

    def _pin(self, digest: str) -> Path:
        return self._state.pins / digest.removeprefix("sha256:")

    def _has(self, bundle: Bundle, signers: Signers) -> bool:
        """Whether the content of `bundle` is current, every byte of it is right, and it is signed as that is."""
        folder = current_folder(self.root / bundle.ref.service)
        if folder is None or digest_of(folder.name) != bundle.ref.digest or verify(folder):
            return False
        return is_signed_alike(folder, bundle, signers)

    def _stage(self, locked: Session, bundles: Sequence[Bundle], signers: Signers) -> dict[str, str]:
        """Put each bundle into a release's folder, and return their names. Nothing is current yet."""
        with told("stage the release"):
            # Space that a failed deployment took is wanted now.
            prune(self._state, locked.entries, self._keep, {bundle.ref.digest for bundle in bundles}, self._step)
            return {bundle.ref.service: self._stage_one(bundle, signers) for bundle in bundles}

    def _stage_one(self, bundle: Bundle, signers: Signers) -> str:
        ref = bundle.ref
        if not is_flat(ref.service) or ref.service.startswith("."):
            raise BundleError(f"the service's name {ref.service!r} cannot be the name of a folder at a destination")
        folder = self.root / ref.service
        if not folder.is_dir():
            folder.mkdir()
            sync_folder(self.root)
        there = find_release(folder, ref.digest, lambda found: is_signed_alike(found, bundle, signers))
        name = there.name if there else stage(bundle.folder, folder, ref.digest, self._step)
        blocked = in_the_way(folder, names(folder / name))
        if blocked:
            raise DestinationError(
                f"{folder / blocked[0]} is in the way of a file of the release",
                hint="Move it away: the folder of a service belongs to the destination.",
            )
        return name

    def _go_back(self, locked: Session, moved: Sequence[Prepared], record: Record) -> Release:
        outcomes = [item.outcome for item in moved]
        release = Release(
            record.number,
            stamp(record.now),
            "rollback",
            record.actor,
            outcomes[0].now.environment,
            tuple(outcome.now for outcome in outcomes),
            reason=record.reason,
        )
        restored = {outcome.service: outcome.restored.digest for outcome in outcomes}
        line = locked.lines(release)[0]._replace(restored=restored)
        holds = tuple(outcome.hold for outcome in outcomes if outcome.hold is not None)
        self._carry_out(Intent({item.outcome.service: item.folder for item in moved}, (line,), hold=holds))
        return release

    def _carry_out(self, intent: Intent) -> None:
        try:
            with told("make the release current"):
                carry_out(self._state, intent, self._step)
        except DestinationError as error:
            if self._state.pending.exists():
                error.hint = f"{error.hint} It was begun, and the next deployment finishes it first.".strip()
            raise

    def _prune(self, locked: Session, logged: Sequence[Release]) -> tuple[str, ...]:
        """Remove old releases; if that fails the release stands all the same, and the reason is a warning."""
        try:
            with told("remove old releases"):
                prune(self._state, [*locked.entries, *locked.lines(*logged)], self._keep, set(), self._step)
        except DestinationError as error:
            return (error.message,)
        return ()


_CLEARED = "hold '{}': the release holds none of its leaves any more"


def _bundle_in(folder: Path | None) -> Bundle | None:
    """The bundle in a release's folder; None if there is none that can be opened."""
    try:
        return None if folder is None else open_bundle(folder)
    except BundleError:
        return None
