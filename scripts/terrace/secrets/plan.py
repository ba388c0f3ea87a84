"""Which secrets a rotation is about, and what is to be done with each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from terrace.errors import UsageError
from terrace.model.closest import closest
from terrace.model.rotation import Policy, is_rotating
from terrace.model.sealed_files import is_proposal, ledger_of
from terrace.model.source import Pointer, dotted
from terrace.secrets.renewing import Job
from terrace.secrets.standing import Standing

NO_POLICY = Policy()


class Planned(NamedTuple):
    """A secret, and what a run does with it. `action` is renew, revoke, or hand: a person has to, for `why`."""

    standing: Standing
    action: str
    why: str = ""

    @property
    def job(self) -> Job:
        """The secret as `rotate` takes it."""
        each = self.standing
        place = (each.file, each.service, each.environment, each.tenant, each.pointer)
        return Job(*place, each.field, each.policy or NO_POLICY, each.entry)


def due(found: Iterable[Standing]) -> list[Planned]:
    """What there is to do: secrets too old, of an age that nobody knows, or with a value before whose time is up."""
    return [_planned(each, "revoke" if each.state == "revoke" else "renew") for each in found if each.is_due]


def chosen(found: Iterable[Standing], service: str, pointer: Pointer, tenant: str) -> list[Planned]:
    """The secret that somebody named, whatever its age."""
    known = [each for each in found if each.tenant == tenant and each.service in (service, "shared")]
    mine = [each for each in known if pointer[: len(each.pointer)] == each.pointer]
    if not mine:
        name = dotted(pointer)
        near = closest(name, [each.path for each in known])
        hint = f"Did you mean {near}?" if near else f"Set it first: terrace secrets set {service} {name}"
        raise UsageError(f"{service} has no secret {name} there", hint=hint)
    # The service's own file outranks the one that several share.
    own = [each for each in mine if each.service == service] or mine
    return [_planned(each, "renew") for each in own]


def _planned(each: Standing, action: str) -> Planned:
    policy = each.policy or NO_POLICY
    if is_proposal(each.file):
        return Planned(each, "hand", "fold in the proposal that is waiting")
    if action == "renew" and each.reference and not policy.generator:
        return Planned(each, "hand", f"write it to the store, and the day into {ledger_of(each.file)}")
    if action == "renew" and not policy.generator:
        place = f"{each.path}.current" if is_rotating(each.field) else each.path
        tenant = f" --tenant {each.tenant}" if each.tenant else ""
        command = f"terrace secrets set {each.service} {place} --env {each.environment}{tenant}"
        return Planned(each, "hand", command)
    return Planned(each, action)
