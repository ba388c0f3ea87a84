"""Where secrets stand that secret managers keep, and that a policy says are to be renewed. No store is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from terrace.load import name_of
from terrace.model.layers import leaves
from terrace.model.ledger import Entry, entries
from terrace.model.reference import Reference, parse
from terrace.model.rotation import unit_of
from terrace.model.sealed_files import ledger_of
from terrace.model.witness import Seen
from terrace.secrets.standing import Place, Standing, contracts_of, entry_of, policy_in, standing_of

if TYPE_CHECKING:
    from terrace.model.entities import Files, Repository, Tenant
    from terrace.model.source import Document, Pointer


def referenced(
    repository: Repository, tenants: Iterable[Tenant], today: date, environment: str | None = None
) -> list[Standing]:
    """Every secret that a layer of an environment, or of a tenant in it, names by reference, and that has a policy."""
    found: list[Standing] = []
    for name in repository.environments:
        if environment in (None, name):
            found += _of_folder(repository, repository.files, f"environments/{name}", name, "", today)
    for tenant in tenants:
        for name in tenant.environments:
            if environment in (None, name):
                found += _of_folder(repository, tenant.files, f"{tenant.folder}/{name}", name, tenant.name, today)
    return found


def _of_folder(
    repository: Repository, files: Files, folder: str, environment: str, tenant: str, today: date
) -> Iterator[Standing]:
    for path, document in sorted(files.documents.items()):
        service = name_of(path).removesuffix(".yaml")
        if path.rsplit("/", 1)[0] == folder and (service == "shared" or service in repository.contracts):
            ledger = files.ledgers.get(ledger_of(path))
            said = entries(ledger.value) if ledger else ()
            known = {pointer: entry for _, pointer, entry in said if isinstance(entry, Entry)}
            yield from _of_layer(repository, Place(path, service, environment, tenant, "", known), document, today)


def _of_layer(repository: Repository, place: Place, document: Document, today: date) -> Iterator[Standing]:
    references = {
        pointer: reference
        for pointer, value in leaves(document.value)
        if isinstance(value, str) and isinstance(reference := parse(value), Reference)
    }
    contracts = contracts_of(repository, place, list(references))
    seen: set[Pointer] = set()
    for pointer, reference in references.items():
        for contract in contracts:
            unit = unit_of(contract.root, pointer)
            policy = policy_in(repository, place, contracts, unit[0]) if unit else None
            if unit is None or policy is None or unit[0] in seen:
                continue
            seen.add(unit[0])
            entry = entry_of(place.entries, unit[0])
            standing = standing_of(place, contract, unit[1], unit[0], policy, entry, Seen(), today, (), "")
            yield standing._replace(reference=str(reference))
