"""Secrets that are to be renewed, as their ledgers say: older than their policy allows, or known to who has left."""

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
    """A secret that should have been renewed `days` ago, with its place in the ledger, and what is to be said of it."""

    pointer: Pointer
    location: Location
    days: int
    message: str


def overdue(view: FilesView) -> Iterator[Overdue]:
    """Every secret of these files' ledgers that should have been renewed, each once."""
    for file in view.ledgers:
        for key, pointer, entry in entries(file.document.value):
            if isinstance(entry, Entry):
                found = [*_too_old(file, key, pointer, entry, view.today), *_asked(file, key, entry, view.today)]
                yield from sorted(found, key=lambda each: each.days)[-1:]


def _asked(file: LayerFile, key: str, entry: Entry, today: date) -> Iterator[Overdue]:
    if entry.due is not None and entry.due <= today:
        place = (key, "due")
        message = f"{key} is due since {entry.due}: somebody may know it who must not"
        yield Overdue(place, file.document.at(place), (today - entry.due).days, message)


def _too_old(file: LayerFile, key: str, pointer: Pointer, entry: Entry, today: date) -> Iterator[Overdue]:
    due = _due(file, pointer, entry)
    if due is not None and due < today:
        place = (key, "rotated")
        days = (today - due).days
        age = f"was due on {due}" if days <= GRACE else f"is {days} days overdue"
        yield Overdue(place, file.document.at(place), days, f"{key} {age}: its value is of {entry.rotated}")


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
