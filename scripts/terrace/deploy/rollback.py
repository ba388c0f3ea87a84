"""What a rollback goes back to, and the release that it makes for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from terrace.bundle import Bundle, open_bundle, verify
from terrace.bundle.compose import assemble, tenants_with_old_secrets
from terrace.deploy.changes import Change, changes, leaf_changes
from terrace.deploy.clock import stamp
from terrace.deploy.destination import Moved, ServiceRollback
from terrace.deploy.disk import remove_tree
from terrace.deploy.history import Frame, recent, stacks
from terrace.deploy.hold import check, held_leaves
from terrace.deploy.layout import current_folder, find_release, named_release, new_staging, settle
from terrace.deploy.log import Entry
from terrace.deploy.revoked import Replaced, named, replaced
from terrace.deploy.steps import OnStep
from terrace.deploy.trust import NOBODY_ASKS, Trust, is_signed_alike, refuse_unsigned, unsigned_now
from terrace.errors import DestinationError, RefusedError
from terrace.model.flag import STREAM
from terrace.model.release import BundleRef, Hold


class Record(NamedTuple):
    """Who goes back, when and why; the number of the release that it makes; and what of a release goes back.

    A release whose secrets were revoked since is refused, if secrets go back, unless `allow_revoked`; one that `trust`
    does not accept, unless it has a key that signs it anew.
    """

    number: int
    now: datetime
    actor: str
    reason: str
    streams: Moved
    allow_revoked: bool = False
    trust: Trust = NOBODY_ASKS


class Prepared(NamedTuple):
    """A rollback of one service that is ready: the folder to make current, and all that is to be said of it."""

    folder: str
    outcome: ServiceRollback
    warnings: tuple[str, ...]


def choose(entries: Sequence[Entry], service: str | None, to: str | None, moved: Moved) -> dict[str, str]:
    """The digest that each service goes back to, and the flags under their name.

    Without `to`, a service goes back to the release whose configuration ran before the current one. Without `service`
    too, the latest release is undone: the services whose configuration it changed go back, the others stay. Flags that
    go back beside configuration become those that ran when it did.
    """
    known = stacks(entries)
    if service is not None:
        if service not in known:
            there = ", ".join(sorted(known)) or "none"
            raise DestinationError(f"the destination has no service '{service}'", hint=f"It has: {there}.")
        return _back(entries, {service: known[service]}, to, moved, f"service '{service}'")[0]
    if not moved.config:
        flags = {name: stack for name, stack in known.items() if name == STREAM}
        return _back(entries, flags, to, moved, "the destination")[0]
    services = {name: stack for name, stack in known.items() if name != STREAM}
    chosen, number = _back(entries, services, to, moved, "the destination")
    if moved.flags and STREAM in known:
        chosen |= {STREAM: _flags_before(known[STREAM], number)}
    return chosen


def _back(
    entries: Sequence[Entry], stacked: dict[str, list[Frame]], to: str | None, moved: Moved, who: str
) -> tuple[dict[str, str], int]:
    """The digest that each goes back to, and the number of the first release that is undone by it."""
    if to is not None:
        found = _named({name: recent(entries, name) for name in stacked}, to)
        came = [frame.number for name, digest in found.items() for frame in stacked[name] if frame.ref.digest == digest]
        return found, 1 + max(came, default=0)
    before = {name: frame for name, stack in stacked.items() if (frame := _before(stack, moved.secrets))}
    if not before:
        what = "configuration" if moved.config else "flags"
        raise DestinationError(f"{who} has no earlier {what} to go back to", hint="terrace releases lists them.")
    latest = max(stacked[name][-1].number for name in before)
    return {name: frame.ref.digest for name, frame in before.items() if stacked[name][-1].number == latest}, latest


def _flags_before(stack: Sequence[Frame], number: int) -> str:
    """The flags that ran before the release `number`; the first ones where there were none yet."""
    return next((frame for frame in reversed(stack) if frame.number < number), stack[0]).ref.digest


def prepare(folder: Path, digest: str, record: Record, holds: Sequence[Hold], on_step: OnStep) -> Prepared:
    """Find the release `digest` in a service's folder, and give it the current secrets unless it keeps its own."""
    found, current = named_release(folder, digest), current_folder(folder)
    if found is None or current is None:
        raise DestinationError(f"the release {digest} of {folder.name} is not kept any more", hint=_ELSEWHERE)
    old, undone = open_bundle(found), open_bundle(current)
    check(holds, old)
    name, ref = found.name, old.ref
    if not record.streams.secrets and old.ref.streams.secrets != undone.ref.streams.secrets:
        name, ref = _composed(folder, old, undone, record.trust, on_step)
    elif problems := verify(found):
        raise DestinationError(f"the release {digest} of {folder.name} is damaged: {problems[0]}", hint=_ELSEWHERE)
    elif record.trust.key is not None and not record.trust.accepts(old):
        name, ref = _composed(folder, old, old, record.trust, on_step)
    now = open_bundle(folder / name)
    _refuse_unsigned(now, old, record.trust)
    since = replaced(old, undone) if old.ref.streams.secrets != undone.ref.streams.secrets else []
    if record.streams.secrets and not record.allow_revoked:
        _refuse_revoked(folder.name, since)
    secrets = _secrets_that_differ(old, undone)
    changed = changes(undone, old)
    moved = secrets if record.streams.secrets else {}
    hold = _hold(old, undone, changed, record, moved) if ref.digest != undone.ref.digest else None
    leaves = leaf_changes(changed, undone, old)
    outcome = ServiceRollback(folder.name, undone.ref, old.ref, ref, leaves, tuple(secrets), hold)
    warnings = [*_warnings(old, undone, secrets, since, with_secrets=record.streams.secrets), unsigned_now(undone, now)]
    return Prepared(name, outcome, tuple(filter(None, warnings)))


_ELSEWHERE = "Go back to a release that is still whole, or revert the change in the repository and deploy that."


def _before(stack: Sequence[Frame], with_secrets: bool) -> Frame | None:
    """The release below the current one that differs in what is to be moved."""
    now = stack[-1].ref
    for frame in reversed(stack[:-1]):
        if frame.ref.streams.config != now.streams.config or (with_secrets and frame.ref.digest != now.digest):
            return frame
    return None


def _named(digests: dict[str, list[str]], to: str) -> dict[str, str]:
    """The service and the whole digest that `to`, which may be its first digits, stands for."""
    wanted = to if to.startswith("sha256:") else f"sha256:{to}"
    found = [(name, digest) for name, listed in digests.items() for digest in listed if digest.startswith(wanted)]
    if not found:
        raise DestinationError(f"no release here has the digest {to}", hint="terrace releases lists them.")
    if len(found) > 1:
        which = ", ".join(f"{name} {digest[:19]}" for name, digest in found[:5])
        raise DestinationError(f"the digest {to} is that of several releases: {which}", hint="Give more of its digits.")
    return dict(found)


def _composed(folder: Path, old: Bundle, secrets_from: Bundle, trust: Trust, on_step: OnStep) -> tuple[str, BundleRef]:
    """A release with the configuration of `old` and the secrets of another: its folder's name, and what it is."""
    staging = new_staging(folder, f"rollback-{old.ref.digest.removeprefix('sha256:')}")
    ref = assemble(old, secrets_from, staging, link=True, key=trust.key)
    for file in staging.iterdir():
        file.chmod(0o444)
    made = open_bundle(staging)
    there = find_release(folder, ref.digest, lambda found: is_signed_alike(found, made, trust.signers))
    if there is not None:
        remove_tree(staging)
        return there.name, ref
    return settle(staging, folder, ref.digest, on_step), ref


def _refuse_unsigned(now: Bundle, old: Bundle, trust: Trust) -> None:
    """Refuse to go back to what nobody who is asked for has signed, and say what can be done about it."""
    try:
        refuse_unsigned(now, trust.signers)
    except RefusedError as error:
        if now.signature or trust.key is not None:
            raise
        hint = "Give the key that signs it: --sign FILE."
        if now.ref != old.ref and trust.accepts(old):
            hint += " Or take the signed release as it was, with its secrets: --with secrets."
        raise RefusedError(f"{error.message}: it is made here, of two releases", hint=hint) from error


def _secrets_that_differ(old: Bundle, undone: Bundle) -> dict[str, str]:
    """The layers whose secrets files differ between two releases, each with the digest that is undone, or ""."""
    was, becomes = _secrets(undone), _secrets(old)
    return {
        layer: was.get(layer, "")
        for layer in sorted(was.keys() | becomes.keys())
        if was.get(layer) != becomes.get(layer)
    }


def _secrets(bundle: Bundle) -> dict[str, str]:
    files = bundle.manifest.files
    return {layer: files[file].sha256 for part in bundle.manifest.slices.values() for layer, file in part.secrets}


def _refuse_revoked(service: str, since: Iterable[Replaced]) -> None:
    revoked = [each for each in since if each.revoked]
    if revoked:
        raise RefusedError(
            f"the release of {service} holds secrets that were revoked since: {named(revoked)}",
            hint="Without --with secrets the current ones stay. If these must come back: --allow-revoked.",
        )


def _warnings(
    old: Bundle, undone: Bundle, differing: Iterable[str], since: Sequence[Replaced], *, with_secrets: bool
) -> Iterator[str]:
    service, layers = old.ref.service, ", ".join(differing)
    if layers and with_secrets:
        yield f"{service}: secrets are those of the restored release again: {layers}; one revoked since does not work"
    elif layers:
        yield f"{service}: secrets stay as they are now, and differ from the restored release's: {layers}"
    revoked = [each for each in since if each.revoked]
    if revoked and with_secrets:
        yield f"{service}: revoked values are back, and do not work: {named(revoked)}"
    if rotated := [each for each in since if not (each.revoked and with_secrets)]:
        yield f"{service}: changed since the restored release: {named(rotated)}"
    if not with_secrets:
        for tenant in tenants_with_old_secrets(old, undone):
            yield f"{service}: tenant '{tenant}' is back with its own secrets of then, for there are no current ones"


def _hold(old: Bundle, undone: Bundle, changed: list[Change], record: Record, secrets: dict[str, str]) -> Hold:
    salt = token_hex(16)
    config = undone.ref.streams.config if undone.ref.streams.config != old.ref.streams.config else ""
    return Hold(
        name=f"{old.ref.service}-{record.number}",
        service=old.ref.service,
        environment=old.ref.environment,
        undone=undone.ref.digest,
        restored=old.ref.digest,
        reason=record.reason,
        actor=record.actor,
        time=stamp(record.now),
        salt=salt,
        leaves=held_leaves(changed, salt),
        extra={"config": config, "secrets": secrets},
    )
