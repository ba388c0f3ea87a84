"""Renewing a secret that a secret manager keeps: the layer names it by a reference, and the store gets a new version.

    pin       name in the layer the version in use, where a `Rotating` field does not: what runs keeps it
    renew     make a value; tell the system; write it to the store; name the new version in the layer as `current`,
              and the one before as `previous`
    revoke    when its time is over: tell the system; take `previous` out of the layer

A layer that names versions is to a store what a secrets file is: applications have the new value when the layer is
deployed, and whoever comes after a crash finds what is in use by what the layer says. A version that was written and
never named is nobody's, and another takes its place. The layer and its ledger change as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace import yamlio
from terrace.errors import RefusedError
from terrace.model.layers import leaves, value_at
from terrace.model.reference import Reference, parse
from terrace.model.rotation import SHAPE, is_rotating
from terrace.model.secret import Secret
from terrace.model.source import Document, Pointer, dotted
from terrace.model.typed import nest
from terrace.refs.versions import is_pinned, pinned, unpinned
from terrace.secrets import hook, ledger, store
from terrace.secrets.renewing import Done, Job, dated, ended, make, renewed, stamp, tell
from terrace.secrets.standing import entry_of
from terrace.secrets.stores import Stores, place_of

if TYPE_CHECKING:
    from terrace.model.ledger import Entry
    from terrace.secrets.opening import Opener
    from terrace.secrets.store import Held


class Step(StrEnum):
    """A step that was just finished. After each the process may die: the next run ends right."""

    PINNED = "version in use named in the layer"
    OPENED = "value in use read from the store"
    MADE = "new value made"
    TOLD = "system told of the new value"
    WRITTEN = "new version written to the store"
    STORED = "new version named in the layer"
    ENDED = "system told that the value before ends"
    CLEARED = "value before taken out of the layer"


OnStep = Callable[[Step], None]


def rotate(
    root: Path,
    job: Job,
    stores: Stores,
    opener: Opener,
    now: datetime,
    *,
    renew: bool = True,
    end_overlap: bool = False,
    on_step: OnStep = lambda _: None,
) -> Done:
    """Do for one secret what is to be done now; without `renew`, only take away a value whose time is over.

    `end_overlap` takes the value before away at once, for one that somebody else knows.
    """
    with store.editing(root, job.file) as held:
        entry = entry_of(ledger.read(held.before.ledger, name=job.file), job.pointer)
        if entry != job.entry:
            return Done(skipped="was changed since it was looked at, or by a run that was interrupted after it")
        work = _Work(root, job, stores, opener, held, now.astimezone(UTC), entry, on_step)
        stores.allow(job.environment, job.tenant, {**work.current, **work.previous})
        until = entry.previous_until if entry else None
        revoked = bool(work.previous) and (end_overlap or until is None or until < work.day)
        if revoked:
            work.revoke()
        elif work.previous:
            return Done(until=str(until), skipped=f"has a value before that is valid until {until} is over")
        if not renew:
            return Done(revoked=revoked)
        if work.overlap and not all(map(is_pinned, work.current.values())):
            work.pin()
            return Done(revoked=revoked, pinned=True)
        return Done(renewed=True, revoked=revoked, until=work.renew())


class _Work:
    """One secret in one layer that is held."""

    def __init__(
        self,
        root: Path,
        job: Job,
        stores: Stores,
        opener: Opener,
        held: Held,
        now: datetime,
        entry: Entry | None,
        on_step: OnStep,
    ) -> None:
        self.root, self.job, self.stores, self.opener, self.held = root, job, stores, opener, held
        self.now, self.day = now, now.date()
        self.entry = entry
        self.step = on_step
        rotating = is_rotating(job.field)
        self.at = (*job.pointer, SHAPE[0]) if rotating else job.pointer
        self.at_previous = (*job.pointer, SHAPE[1]) if rotating else ()
        self.overlap = job.policy.overlap if rotating else None
        values = _document(held).value
        self.current = _references(values, self.at, job.file)
        self.previous = _references(values, self.at_previous, job.file) if rotating else {}
        if not self.current:
            raise RefusedError(f"{job.file} has no reference at {dotted(self.at)} any more")
        place_of(self.current)

    def pin(self) -> None:
        """Name the version in use. Nothing else changes: not for what runs, and not for the ledger."""
        version = self.stores.version(next(iter(self.current.values())))
        self._replace({place: pinned(reference, version) for place, reference in self.current.items()}, self.entry)
        self.step(Step.PINNED)

    def renew(self) -> str:
        """Give the secret a new value. Comes back with the last day on which the one before is valid, if it is."""
        latest = {place: unpinned(reference) for place, reference in self.current.items()}
        old = self.stores.values(self.current, self.opener)
        was = old if latest == self.current else self.stores.values(latest, self.opener)
        self.step(Step.OPENED)
        made = make(self.job, _said(old, self.at))
        self.step(Step.MADE)
        end = self.now + self.overlap if self.overlap else None
        phase = "prepare" if end else "replace"
        tell(self.root, self.job, phase, made.value, _said(old, self.at), stamp(end) if end else "", made.public)
        self.step(Step.TOLD)
        new = {place: hook.revealed(value) for place, value in leaves({"": made.value})}
        version = self.stores.write(latest, {(*self.at, *place[1:]): value for place, value in new.items()}, was)
        self.step(Step.WRITTEN)
        changes = {at: pinned(each, version) for at, each in self.current.items() if is_pinned(each)}
        if end:
            changes |= {(*self.at_previous, *at[len(self.at) :]): each for at, each in self.current.items()}
        self._replace(changes, renewed(self.entry, self.day, end.date() if end else None))
        self.step(Step.STORED)
        return str(end.date()) if end else ""

    def revoke(self) -> None:
        """Take the value before out of the layer. The store keeps its version, which is good for nothing any more."""
        if self.job.policy.hook:
            current = self.stores.values(self.current, self.opener)
            before = self.stores.values(self.previous, self.opener)
            tell(self.root, self.job, "revoke", _said(current, self.at), _said(before, self.at_previous), None, "")
        self.step(Step.ENDED)
        entry = ended(self.entry) if self.entry else None
        self._replace({}, entry, gone=self.at_previous)
        self.step(Step.CLEARED)

    def _replace(self, changes: Mapping[Pointer, Reference], entry: Entry | None, gone: Pointer = ()) -> None:
        text = yamlio.unset(_document(self.held), gone) if gone else self.held.before.secrets
        for place, reference in changes.items():
            text = yamlio.set_value(_read(self.job.file, text), place, str(reference))
        dates = self.held.before.ledger
        self.held.replace(text, dated(self.job, dates, entry) if entry else dates)
        self.entry = entry


def _document(held: Held) -> Document:
    return _read(held.path, held.before.secrets)


def _read(path: str, text: str) -> Document:
    document, findings = yamlio.read(path, text.encode())
    if document is None:
        raise RefusedError(f"{findings[0].location}: {findings[0].message}", hint="Mend the layer first.")
    return document


def _references(values: Mapping[str, Any], at: Pointer, file: str) -> dict[Pointer, Reference]:
    """The references at a place of a layer: one, or those of its parts, which must all be references."""
    inner = value_at(values, at, None)
    found: dict[Pointer, Reference] = {}
    for place, value in leaves(inner) if inner is not None else ():
        reference = parse(value) if isinstance(value, str) else None
        if not isinstance(reference, Reference):
            hint = "Make all of its parts references to one place."
            raise RefusedError(f"{file} gives no reference for {dotted((*at, *place))}", hint=hint)
        found[(*at, *place)] = reference
    return found


def _said(values: Mapping[Pointer, str], at: Pointer) -> object:
    """The value at a place, as hooks are told it: one, or a map of its parts."""
    if at in values:
        return Secret(values[at])
    return nest({place[len(at) :]: Secret(value) for place, value in values.items()})
