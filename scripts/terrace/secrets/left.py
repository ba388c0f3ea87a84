"""What somebody could read who is taken out of secrets files: it is due whatever any policy says, by its ledger.

A new data key keeps new values from whoever left. The ones that are there stand in Git's history, and may be known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from terrace.model.source import Pointer
from terrace.secrets import ledger
from terrace.secrets.ledger import Entry

if TYPE_CHECKING:
    from terrace.git import Git
    from terrace.secrets.register import Whole
    from terrace.secrets.standing import Standing


def readable(found: Whole, files: Collection[str], today: date, git: Git | None) -> dict[str, dict[Pointer, Entry]]:
    """The secrets in these files, by path of the file, each with its dates: of ledger, Git or the file itself."""
    from terrace.secrets.standing import places, standings

    secrets: dict[str, dict[Pointer, Entry]] = {}
    for place in places(found.repository, found.tenants):
        if place.file in files:
            known = standings(found.repository, [place], today)
            if any(each.entry is None for each in known):
                known = standings(found.repository, [place], today, git=git)
            day = _written(place.text) or today
            secrets[place.file] = {each.pointer: _dates(each, day) for each in known}
    return secrets


def due(dates: str, secrets: Mapping[Pointer, Entry], today: date, *, name: str) -> str:
    """A ledger that says of these secrets that they are due, from `today` on or since earlier."""
    known = ledger.read(dates, name=name)
    marked: dict[Pointer, Entry] = {}
    for pointer, entry in secrets.items():
        for place in _told_at(pointer, known):
            marked[place] = known.get(place, entry).wanted(today)
    return ledger.recorded(dates, marked, name=name)


def _told_at(pointer: Pointer, known: Iterable[Pointer]) -> list[Pointer]:
    """Where a ledger tells of a secret: at its own place, or at those of its parts that were set by hand."""
    return [place for place in known if place[: len(pointer)] == pointer] or [pointer]


def _dates(each: Standing, written: date) -> Entry:
    day = each.rotated or written
    return each.entry or Entry(day, day)


def _written(text: str) -> date | None:
    """The day on which a file last changed, as it says itself: no value in it is younger."""
    from terrace.sops import inspect

    metadata = inspect(text).metadata
    return date.fromisoformat(metadata.lastmodified[:10]) if metadata else None
