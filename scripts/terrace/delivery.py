"""READ AFTER `pipeline`: what it builds goes to destinations, and what stands there is looked at and taken back.

`deploy` strings the last stage to the ones before it. The rest needs no repository but for an environment's name: its
destination is opened, and lists, rolls back and lifts holds by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace.errors import BundleError, DestinationError, HeldError, RefusedError, SignatureError, UsageError
from terrace.model.release import STREAMS, Stream
from terrace.pipeline import Built, build
from terrace.validate.run import Progress, without_progress

if TYPE_CHECKING:
    from terrace.bundle.keys import SigningKey
    from terrace.bundle.signers import Signers
    from terrace.deploy.destination import Delivery, Destination
    from terrace.model.release import BundleRef
    from terrace.seal import Sealed


class Delivered(NamedTuple):
    """An environment that went to one of its destinations, or the reason why it did not.

    `before` holds what was current there by service, `leaves` how many values changed since. `failed`: it could not be
    done, rather than must not. After a dry run there is
    no `delivery`, and `clears` names the holds that it would clear.
    """

    built: Built
    destination: str = ""
    delivery: Delivery | None = None
    before: Mapping[str, str] = {}
    leaves: Mapping[str, int] = {}
    problem: str = ""
    failed: bool = False
    clears: tuple[str, ...] = ()


def deploy(
    folder: Path,
    staging: Path,
    environments: Sequence[str] = (),
    *,
    actor: str,
    reason: str = "",
    at: str | None = None,
    now: datetime | None = None,
    dry_run: bool = False,
    jobs: int = 1,
    streams: Sequence[Stream] = STREAMS,
    key: SigningKey | None = None,
    progress: Progress = without_progress,
) -> list[Delivered]:
    """Build, and deliver each environment to its destinations, in promotion order.

    An environment that is not built, or that a destination refuses, is told with its reason; the others go on, but
    those that come after it in promotion order and are protected. So it is for each stream by itself: flags wait for no
    configuration. A dry run compares with what is at the destinations, and writes nothing there. `key` signs each
    bundle; who may is said by the environment as it is today, also of an older revision.
    """
    now = now or datetime.now(UTC)
    built = build(
        folder, staging, environments, at=at, today=now.date(), jobs=jobs, streams=streams, key=key, progress=progress
    )  # fmt: skip
    if at is not None:
        built = [_asked_today(each, folder) for each in built]
    return deliver(folder, built, actor=actor, reason=reason, now=now, dry_run=dry_run)


def deliver(
    folder: Path, made: Sequence[Built], *, actor: str, reason: str = "", now: datetime, dry_run: bool = False
) -> list[Delivered]:
    """The second half of `deploy`, for those who look at what was built before it goes anywhere."""
    delivered: list[Delivered] = []
    who = _Deployer(folder, actor, reason, now, dry_run)
    for _, parts in groupby(made, key=lambda built: built.environment.name):
        ready: list[Built] = []
        for built in parts:
            problem = built.problem or _obstacle(built, delivered)
            if problem:
                delivered.append(Delivered(built, problem=problem))
            else:
                ready.append(built)
        for config in ready[0].environment.destinations if ready else ():
            delivered += _deliver(ready, config, who)
    return delivered


def _obstacle(built: Built, before: Sequence[Delivered]) -> str:
    """Why an environment must not be delivered, whatever its bundles are; empty where it may be."""
    stopped = next((each.built for each in before if each.problem and each.built.stream == built.stream), None)
    if stopped and built.environment.protected and stopped.environment.name != built.environment.name:
        return f"{stopped.environment.name} comes before it, and was not"
    return "" if built.environment.destinations else "its environment.yaml names no destination"


def destination(folder: Path, environment: str) -> Destination:
    """The destination of an environment (its first one), to list its releases, roll back, or lift a hold."""
    from terrace.deploy.kinds import open_destination
    from terrace.model.closest import named
    from terrace.views import environments_of

    found = named(environment, environments_of(folder), "environment")
    if not found.destinations:
        raise UsageError(f"{found.name} has no destination", hint="Name one in its environment.yaml.")
    return open_destination(found.destinations[0], folder)


def signers(folder: Path, environment: str) -> Signers:
    """Who has to have signed what becomes current in an environment; nobody, if there are none."""
    from terrace.bundle.signers import named as signers_named
    from terrace.model.closest import named
    from terrace.views import environments_of

    return signers_named(named(environment, environments_of(folder), "environment").signers)


class Verified(NamedTuple):
    """A bundle's folder, with its digest if every byte is right, or all that is wrong; and who signed it, if asked."""

    folder: Path
    digest: str = ""
    problems: tuple[str, ...] = ()
    signer: str = ""


def verify(folder: Path, signers: Signers = ()) -> list[Verified]:
    """What is wrong with the bundle in `folder`, or with each bundle that its `index.json` names.

    With `signers` one that none of them signed is wrong, too.
    """
    from terrace.bundle import read_index

    if folder.is_file():
        return [_verified_packed(folder, signers)]
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "is not there"
        raise BundleError(f"{folder} {what}, so there is no bundle to verify", hint="Make one with terrace build.")
    indexed = read_index(folder) if (folder / "index.json").is_file() else {}
    found = [_verified(folder / service, signers, digest) for service, digest in indexed.items()]
    return found or [_verified(folder, signers)]


def _verified_packed(file: Path, signers: Signers) -> Verified:
    from tempfile import TemporaryDirectory

    from terrace.bundle.packed import unpacked

    with TemporaryDirectory(prefix="terrace-verify-") as scratch:
        for name, data in unpacked(file).items():
            (Path(scratch) / name).write_bytes(data)
        found = _verified(Path(scratch), signers)
        told = tuple(problem.replace(scratch, str(file)) for problem in found.problems)
        return found._replace(folder=file, problems=told)


def _verified(folder: Path, signers: Signers, indexed: str = "") -> Verified:
    from terrace import bundle

    found = bundle.verify(folder)
    digest = "" if found else bundle.open_bundle(folder).ref.digest
    if digest and indexed and digest != indexed:
        found = [f"its digest is not the one that index.json names ({indexed})"]
    signer = ""
    if digest and signers:
        from terrace.bundle.signers import check

        try:
            signer = check(bundle.open_bundle(folder), signers)
        except SignatureError as error:
            found = [*found, f"{error.message}. {error.hint}".strip()]
    return Verified(folder, "" if found else digest, tuple(found), signer)


class _Deployer(NamedTuple):
    folder: Path
    actor: str
    reason: str
    now: datetime
    dry_run: bool


def _asked_today(built: Built, folder: Path) -> Built:
    """`built` with the signers that its environment names today: an old revision does not say who may sign now."""
    from terrace.views import environments_of

    today = environments_of(folder).get(built.environment.name)
    if today is None:
        return built
    return built._replace(environment=built.environment._replace(signers=today.signers))


def _deliver(parts: Sequence[Built], config: Mapping[str, Any], who: _Deployer) -> list[Delivered]:
    """Deliver what was built of an environment as one release, but for a stream that must not be."""
    from terrace.bundle import open_bundle
    from terrace.bundle.signers import named
    from terrace.deploy.kinds import address, open_destination
    from terrace.deploy.trust import refuse_unsigned

    name, signers = address(config), named(parts[0].environment.signers)
    told: list[Delivered] = []
    free: list[Delivered] = []
    try:
        destination = open_destination(config, who.folder)
        before = destination.current()
        for built in parts:
            try:
                for bundle in built.bundles:
                    refuse_unsigned(open_bundle(bundle.folder), signers)
                free.append(_compared(built, name, destination, before))
            except (HeldError, RefusedError) as error:
                # Of what nobody trusted has signed no destination is asked: none may have it.
                where = name if isinstance(error, HeldError) else ""
                told.append(Delivered(built, where, problem=f"{error.message}. {error.hint}".strip()))
        if who.dry_run or not free:
            return [*told, *free]
        origin = free[0].built.origin
        delivery = destination.deploy(
            [bundle.folder for each in free for bundle in each.built.bundles],
            now=who.now,
            actor=who.actor,
            commit=origin.commit,
            dirty=bool(origin.dirty),
            reason=who.reason,
            signers=signers,
        )
    except (DestinationError, RefusedError) as error:
        problem, failed = f"{error.message}. {error.hint}".strip(), not isinstance(error, (HeldError, RefusedError))
        held = [each.built for each in told]
        left = [built for built in parts if built not in held]
        return [*told, *(Delivered(built, name, problem=problem, failed=failed) for built in left)]
    return [*told, *(each._replace(delivery=delivery, clears=()) for each in free)]


def _compared(built: Built, name: str, destination: Destination, before: Mapping[str, BundleRef]) -> Delivered:
    """What delivering would change. Raises `HeldError` if a bundle brings back what is held."""
    clears = _cleared(destination, built.bundles)
    services = [bundle for bundle in built.bundles if bundle.ref.service in before]
    leaves = {
        bundle.ref.service: destination.changed_leaves(bundle.folder)
        for bundle in services
        if before[bundle.ref.service].digest != bundle.ref.digest
    }
    was = {bundle.ref.service: before[bundle.ref.service].digest for bundle in services}
    return Delivered(built, name, before=was, leaves=leaves, clears=clears)


def _cleared(destination: Destination, bundles: Sequence[Sealed]) -> tuple[str, ...]:
    """The holds that these bundles would clear; raises `HeldError` if one brings back what is held."""
    from terrace.bundle import open_bundle

    for bundle in bundles:
        destination.check_holds(open_bundle(bundle.folder))
    services = {bundle.ref.service for bundle in bundles}
    return tuple(hold.name for hold in destination.holds() if hold.service in services)
