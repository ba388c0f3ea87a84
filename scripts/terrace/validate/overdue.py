"""Secrets that are older than their policy allows, as their ledgers say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from terrace.layering import lineage
from terrace.model.ledger import Entry, entries
from terrace.model.rotation import policy_for, unit_of
from terrace.model.source import Location, Pointer
from terrace.validate.rule import FilesView, LayerFile

GRACE = 30
"""Days after which a secret that is overdue stops everything."""


class Overdue(NamedTuple):
    """A secret that should have been renewed by the day `due`, with its place in the ledger."""

    key: str
    location: Location
    rotated: date
    due: date
    days: int


def overdue(view: FilesView) -> Iterator[Overdue]:
    """Every secret of these files' ledgers that is older than its policy allows."""
    for file in view.ledgers:
        for key, pointer, entry in entries(file.document.value):
            if isinstance(entry, Entry):
                due = _due(file, pointer, entry)
                if due is not None and due < view.today:
                    place = file.document.at((key, "rotated"))
                    yield Overdue(key, place, entry.rotated, due, (view.today - due).days)


def _due(file: LayerFile, pointer: Pointer, entry: Entry) -> date | None:
    """The first day that any of the services that read the secret sets."""
    chain = lineage(file.repository, file.environment or "")
    found = []
    for contract in file.contracts:
        unit = unit_of(contract.root, pointer)
        policy = policy_for(chain, contract.service, *unit) if unit else None
        due = policy.due(entry.rotated) if policy else None
        if due is not None:
            found.append(due)
    return min(found, default=None)
