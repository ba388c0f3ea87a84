"""What renewing a secret takes, wherever it is kept: a new value that suits its field, and a system that is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import RefusedError
from terrace.model.ledger import Entry
from terrace.model.rotation import SHAPE, Policy, is_rotating
from terrace.model.source import Pointer, dotted
from terrace.secrets import generate, hook, ledger
from terrace.secrets.hook import Told

if TYPE_CHECKING:
    from terrace.model.service import Field


class Job(NamedTuple):
    """A secret to be rotated: where it is, what its policy is, and what its ledger said when that was decided."""

    file: str
    service: str
    environment: str
    tenant: str
    pointer: Pointer
    field: Field
    policy: Policy
    entry: Entry | None


class Done(NamedTuple):
    """What became of a secret: whether it has a new value, whether the one before went, and until when one is left.

    `skipped` says why nothing was done. `pinned`: its references name their version now, which comes before all else.
    """

    renewed: bool = False
    revoked: bool = False
    until: str = ""
    skipped: str = ""
    pinned: bool = False


def make(job: Job, old: object) -> generate.Made:
    """A new value by the secret's policy, which its contract does not refuse. `old` is the value before."""
    policy = job.policy
    if not policy.generator:
        place = (*job.pointer, SHAPE[0]) if is_rotating(job.field) else job.pointer
        hint = f"Give it one: terrace secrets set {job.service} {dotted(place)}"
        raise RefusedError(f"{dotted(job.pointer)} has no generator, so a person has to renew it", hint=hint)
    user = hook.revealed(old.get("user", "")) if isinstance(old, dict) else ""
    made = generate.make(policy.generator, policy.options, user=str(user))
    field = job.field.child("current") if is_rotating(job.field) else job.field
    _suits(field or job.field, made.value, job.pointer)
    return made


def tell(root: Path, job: Job, phase: str, current: object, previous: object, until: str | None, public: str) -> None:
    """Tell the system of a value, if the policy has a hook that does."""
    if job.policy.hook:
        where = (job.service, job.environment, job.tenant, dotted(job.pointer), job.file)
        told = Told(phase, *where, current, previous, until or None, public)
        hook.run(job.policy.hook, told, root, known=job.policy.options.get("users", ()))


def dated(job: Job, dates: str, entry: Entry) -> str:
    """The ledger with the secret's entry; what it had for values inside of it goes."""
    known = ledger.read(dates, name=job.file)
    size = len(job.pointer)
    inside = {place: ledger.REMOVED for place in known if len(place) > size and place[:size] == job.pointer}
    return ledger.recorded(dates, {**inside, job.pointer: entry}, name=job.file)


def renewed(known: Entry | None, day: date, until: date | None) -> Entry:
    """The entry of a secret that got a new value, the one before being valid until a day."""
    created = min(known.created, day) if known else day
    revoked = (known.replaced if until else known.rotated) if known else None
    return Entry(created, day, "overlap" if until else "current", until, revoked=revoked)


def ended(entry: Entry) -> Entry:
    """The entry of a secret whose value before is gone: it, and all before it, were set before the day of this one."""
    before = entry.rotated - timedelta(days=1)
    return entry._replace(phase="current", previous_until=None, revoked=max(before, entry.revoked or before))


def stamp(moment: datetime) -> str:
    """A moment as hooks and secrets files say it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _suits(field: Field, value: object, pointer: Pointer) -> None:
    """Refuse a value that the contract would refuse; the message never holds it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            child = field.child(key)
            if child is not None:
                _suits(child, inner, pointer)
        return
    import jsonschema_rs

    if not jsonschema_rs.validator_for(field.schema).is_valid(hook.revealed(value)):
        raise RefusedError(
            f"the generator of {dotted(pointer)} made a value that its contract refuses",
            hint="Compare the policy with the field's pattern and lengths.",
        )
