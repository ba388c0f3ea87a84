"""Renewing secrets without downtime: the new value comes, both are valid for a while, the one before goes.

A run does for each secret what is to be done next, and a later run does the rest:

    renew     make a value; tell the system (`prepare`); write it as `current`, and the one before as `previous`
    revoke    when its time is over: tell the system (`revoke`); take `previous` out of the file

The system is told before the file is written, and both are told and written again by whoever comes after a crash: a
value that was made and never written is forgotten, and the next one takes its place. The file and its ledger change as
one (`terrace.secrets.store`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.model.layers import value_at
from terrace.model.ledger import Entry
from terrace.model.rotation import SHAPE, is_rotating
from terrace.model.secret import Secret
from terrace.model.source import Pointer
from terrace.secrets import hook, ledger, store
from terrace.secrets.renewing import Done, Job, dated, ended, make, renewed, stamp, tell
from terrace.secrets.standing import entry_of

if TYPE_CHECKING:
    from terrace.secrets.opening import Opener
    from terrace.secrets.store import Held
    from terrace.sops import Opened

_NOTHING = object()


class Step(StrEnum):
    """A step that was just finished. After each the process may die: the next run ends right."""

    OPENED = "file opened"
    MADE = "new value made"
    TOLD = "system told of the new value"
    STORED = "new value written"
    ENDED = "system told that the value before ends"
    CLEARED = "value before taken out"


OnStep = Callable[[Step], None]


def rotate(
    root: Path,
    job: Job,
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
        opened = opener.open(job.file, held.before.secrets)
        on_step(Step.OPENED)
        work = _Work(root, job, opener, held, now.astimezone(UTC), on_step)
        left = work.until(opened)
        revoked = bool(left) and (end_overlap or datetime.fromisoformat(left) <= now)
        if revoked:
            opened = work.revoke(opened)
        elif left:
            return Done(until=left, skipped=f"has a value before that is valid until {left}")
        return Done(renew, revoked, work.renew(opened) if renew else "")


class _Work:
    """One secret in one file that is held."""

    def __init__(self, root: Path, job: Job, opener: Opener, held: Held, now: datetime, on_step: OnStep) -> None:
        self.root = root
        self.job = job
        self.opener = opener
        self.held = held
        self.now = now
        self.step = on_step
        self.rotating = is_rotating(job.field)
        self.current, self.previous, self.end = (
            tuple((*job.pointer, name) for name in SHAPE) if self.rotating else (job.pointer, (), ())
        )

    def until(self, opened: Opened) -> str:
        """Until when the value before is valid, as the file says; empty where there is none."""
        if not self.rotating or value_at(opened.values, self.previous, None) is None:
            return ""
        said = hook.revealed(value_at(opened.values, self.end, None))
        # Without an end it ends now: nobody would ever take it away.
        return said if isinstance(said, str) else stamp(self.now)

    def renew(self, opened: Opened) -> str:
        """Give the secret a new value. Comes back with the time until which the one before is valid, if it is."""
        old = value_at(opened.values, self.current, None)
        made = make(self.job, old)
        self.step(Step.MADE)
        overlap = self.rotating and bool(self.job.policy.overlap) and old is not None
        until = stamp(self.now + self.job.policy.overlap) if overlap else ""
        tell(
            self.root, self.job, "prepare" if overlap or old is None else "replace", made.value, old, until, made.public
        )
        self.step(Step.TOLD)
        changes = _leaves(self.current, made.value)
        if overlap:
            changes |= {**_leaves(self.previous, old), self.end: Secret(until)}
        self._store(opened, changes, renewed(self._entry(), self.now.date(), _end_of(until)))
        self.step(Step.STORED)
        return until

    def revoke(self, opened: Opened) -> Opened:
        """Take the value before away. Comes back with the file as it is then."""
        from terrace.sops import REMOVED

        current, old = (value_at(opened.values, place, None) for place in (self.current, self.previous))
        tell(self.root, self.job, "revoke", current, old, None, "")
        self.step(Step.ENDED)
        changes: dict[Pointer, object] = {self.previous: REMOVED}
        if value_at(opened.values, self.end, _NOTHING) is not _NOTHING:
            changes[self.end] = REMOVED
        entry = self._entry()
        result = self._store(opened, changes, ended(entry) if entry else None)
        self.step(Step.CLEARED)
        return result

    def _store(self, opened: Opened, changes: Mapping[Pointer, object], entry: Entry | None) -> Opened:
        from terrace.sops import open_

        text = opened.changed(changes, self.now)
        dates = self.held.before.ledger
        if entry is not None:
            dates = dated(self.job, dates, entry)
        self.held.replace(text, dates)
        return open_(text, self.opener.identities, name=self.job.file)

    def _entry(self) -> Entry | None:
        return entry_of(ledger.read(self.held.before.ledger, name=self.job.file), self.job.pointer)


def _end_of(until: str) -> date | None:
    return datetime.fromisoformat(until).date() if until else None


def _leaves(pointer: Pointer, value: object) -> dict[Pointer, object]:
    """A value by place: a map is set entry by entry, so that what stays keeps its bytes."""
    if isinstance(value, Mapping):
        return {place: leaf for key, inner in value.items() for place, leaf in _leaves((*pointer, key), inner).items()}
    return {pointer: value}
