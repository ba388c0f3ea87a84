"""Where each secret stands: how old it is, when it is due, which phase its rotation is in, and who can open it.

Nothing here needs a key. Ages come from ledgers; where one is silent, from Git.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from terrace.layering import lineage
from terrace.load import name_of
from terrace.model.ledger import Entry, entries
from terrace.model.recipients import shortened
from terrace.model.rotation import Policy, policy_for, unit_of
from terrace.model.sealed_files import is_proposal, ledger_of, main_of
from terrace.model.source import Pointer, dotted
from terrace.model.witness import Seen, disagreements, newest
from terrace.secrets import history

if TYPE_CHECKING:
    from terrace.git import Git
    from terrace.model.entities import Files, Repository, Tenant
    from terrace.model.service import Contract, Field
    from terrace.sops.sealed import Sealed

SOON = timedelta(days=14)

STATES = ("overdue", "revoke", "unknown", "soon", "fine", "free")
"""What can be said of a secret, the worst first.

overdue: older than its policy allows, or its ledger says that it is due. revoke: the value before is valid no longer,
and still there. unknown: it has a policy, and nobody knows its age. soon: due within days. fine: young enough. free: no
policy sets an age.
"""


class Standing(NamedTuple):
    """One secret of one secrets file (a `Rotating` field is one secret), as it stands on a day.

    `rotated` is None where nobody knows it; `source` says who does: `ledger`, `git` or nothing. `disagreement` is what
    Git says against the ledger, in words. `reference` names the value where a secret manager keeps it.
    """

    service: str
    environment: str
    tenant: str
    file: str
    pointer: Pointer
    field: Field
    policy: Policy | None
    entry: Entry | None
    created: date | None
    rotated: date | None
    source: str
    phase: str
    previous_until: date | None
    due: date | None
    state: str
    owner: str
    readers: tuple[str, ...]
    disagreement: str = ""
    reference: str = ""

    @property
    def path(self) -> str:
        """The secret's path as people write it."""
        return dotted(self.pointer)

    @property
    def is_due(self) -> bool:
        """Whether a rotation has something to do: a new value, or taking the one before away."""
        return self.state in ("overdue", "revoke", "unknown")

    @property
    def is_contradicted(self) -> bool:
        """Whether Git speaks against what the ledger says."""
        return bool(self.disagreement) and self.source == "ledger"


class Place(NamedTuple):
    """A secrets file with what its folder says of it."""

    file: str
    service: str
    environment: str
    tenant: str
    text: str
    entries: Mapping[Pointer, Entry]


def places(repository: Repository, tenants: Iterable[Tenant], environment: str | None = None) -> Iterator[Place]:
    """Every secrets file of the environments and of the tenants' folders for them, with its ledger."""
    for name in repository.environments:
        if environment in (None, name):
            yield from _places(repository.files, f"environments/{name}", name, "")
    for tenant in tenants:
        for name in tenant.environments:
            if environment in (None, name):
                yield from _places(tenant.files, f"{tenant.folder}/{name}", name, tenant.name)


def _places(files: Files, folder: str, environment: str, tenant: str) -> Iterator[Place]:
    for path, data in files.sealed.items():
        if path.rsplit("/", 1)[0] == folder:
            ledger = files.ledgers.get(ledger_of(path))
            said = entries(ledger.value) if ledger else ()
            known = {pointer: entry for _, pointer, entry in said if isinstance(entry, Entry)}
            service = name_of(main_of(path)).removesuffix(".secrets.yaml")
            yield Place(path, service, environment, tenant, data.decode("utf-8", "replace"), known)


def standings(
    repository: Repository,
    found: Sequence[Place],
    today: date,
    *,
    git: Git | None = None,
) -> list[Standing]:
    """Where every secret stands on `today`. A proposal's counts in place of the one that it outranks.

    `git` gives the ages that ledgers do not, and speaks against those that are wrong.
    """
    from terrace.sops import inspect

    seen = history.ages(git, {place.file: place.text for place in found}) if git else {}
    standing: dict[tuple[str, Pointer], Standing] = {}
    for place in sorted(found, key=lambda place: (is_proposal(place.file), place.file)):
        for each in _of_file(repository, place, inspect(place.text), seen.get(place.file, {}), today):
            standing[main_of(place.file), each.pointer] = each
    return sorted(standing.values(), key=lambda each: (_rank(repository, each), each.file, each.path))


def _rank(repository: Repository, each: Standing) -> tuple[int, str, str]:
    return (repository.environments[each.environment].order, each.environment, each.tenant)


def _of_file(
    repository: Repository,
    place: Place,
    sealed: Sealed,
    seen: Mapping[Pointer, Seen],
    today: date,
) -> Iterator[Standing]:
    readers = tuple(sorted({_called(repository, each.recipient) for each in sealed.recipients}))
    contracts = contracts_of(repository, place, [leaf.pointer for leaf in sealed.leaves])
    units: dict[Pointer, tuple[Contract, Field]] = {}
    for leaf in sealed.leaves:
        for contract in contracts:
            unit = unit_of(contract.root, leaf.pointer)
            if unit is not None:
                units.setdefault(unit[0], (contract, unit[1]))
    inside = {pointer: newest(pointer, field, seen) for pointer, (_, field) in units.items()}
    said = {pointer: entry for pointer in units if (entry := entry_of(place.entries, pointer))}
    wrong = dict(disagreements({pointer: entry.rotated for pointer, entry in said.items()}, inside))
    for pointer, (contract, field) in units.items():
        policy = policy_in(repository, place, contracts, pointer)
        entry, git = said.get(pointer), inside[pointer]
        yield standing_of(place, contract, field, pointer, policy, entry, git, today, readers, wrong.get(pointer, ""))


def standing_of(
    place: Place,
    contract: Contract,
    field: Field,
    pointer: Pointer,
    policy: Policy | None,
    entry: Entry | None,
    git: Seen,
    today: date,
    readers: tuple[str, ...],
    disagreement: str,
) -> Standing:
    rotated = entry.rotated if entry else None if git.reencrypted else git.day
    asked = entry.due if entry else None
    due = min(filter(None, (policy.due(rotated) if policy and rotated else None, asked)), default=None)
    until = entry.previous_until if entry else None
    return Standing(
        service=place.service,
        environment=place.environment,
        tenant=place.tenant,
        file=place.file,
        pointer=pointer,
        field=field,
        policy=policy,
        entry=entry,
        created=entry.created if entry else None,
        rotated=rotated,
        source="ledger" if entry else "git" if rotated else "",
        phase=entry.phase if entry else "current",
        previous_until=until,
        due=due,
        state="overdue" if asked and asked <= today else _state(policy, due, until, today),
        owner=field.owner or str(contract.schema.get("x-terrace-owner", "")),
        readers=readers,
        disagreement=disagreement or ("re-encrypted: its age is unknown" if git.reencrypted and not entry else ""),
    )


def _state(policy: Policy | None, due: date | None, until: date | None, today: date) -> str:
    if due is not None and due < today:
        return "overdue"
    if until is not None and until < today:
        return "revoke"
    age = policy.max_age if policy else None
    if due is None:
        return "unknown" if age else "free"
    return "soon" if due - today <= min(SOON, age / 4 if age else SOON) else "fine"


def entry_of(known: Mapping[Pointer, Entry], pointer: Pointer) -> Entry | None:
    """What a ledger says of a secret: by its own path, or by that of the value inside which was set by hand."""
    inside = [entry for place, entry in known.items() if place[: len(pointer)] == pointer]
    newest = known.get(pointer) or max(inside, key=lambda entry: entry.rotated, default=None)
    asked = min((entry.due for entry in inside if entry.due), default=None)
    return newest._replace(due=asked) if newest else None


def contracts_of(repository: Repository, place: Place, pointers: Sequence[Pointer]) -> list[Contract]:
    if place.service != "shared":
        return [repository.contracts[place.service]] if place.service in repository.contracts else []
    tops = {pointer[0] for pointer in pointers}
    return [contract for contract in repository.contracts.values() if contract.sections & tops]


def policy_in(repository: Repository, place: Place, contracts: Iterable[Contract], pointer: Pointer) -> Policy | None:
    """The policy of a secret: of several services that share it, that which asks for the youngest value."""
    chain = lineage(repository, place.environment)
    found = []
    for contract in contracts:
        unit = unit_of(contract.root, pointer)
        policy = policy_for(chain, contract.service, *unit) if unit else None
        if policy is not None:
            found.append(policy)
    return min(found, key=lambda policy: policy.max_age or timedelta.max, default=None)


def _called(repository: Repository, key: str) -> str:
    found = repository.register.by_key(key)
    return found.name if found else shortened(key)
