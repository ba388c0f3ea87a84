"""The ledger as a text: read, and with entries changed. Every byte that need not change stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from terrace import yamlio
from terrace.errors import RefusedError
from terrace.model.ledger import Entry, Fault, entries
from terrace.model.sealed_files import ledger_of as path_of
from terrace.model.source import Document, Pointer, dotted

if TYPE_CHECKING:
    from datetime import date

__all__ = ["REMOVED", "Entry", "after", "path_of", "read", "recorded"]


class _Removed:
    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = _Removed()
"""Instead of an entry: it goes."""


def read(text: str, *, name: str = "the ledger") -> dict[Pointer, Entry]:
    """What a ledger says, by the path of each secret. Raises RefusedError for one that is not understood."""
    found: dict[Pointer, Entry] = {}
    for _, pointer, entry in entries(_document(text, name).value):
        if isinstance(entry, Fault):
            raise RefusedError(f"{name}: {dotted(entry.place)}: {entry.message}", hint=entry.hint or "Mend it first.")
        found[pointer] = entry
    return found


def recorded(text: str, changes: Mapping[Pointer, Entry | _Removed], *, name: str = "the ledger") -> str:
    """The text with these entries put in, replaced or taken away. An entry that stays the same keeps its bytes.

    A ledger whose last entry goes is empty.
    """
    for pointer, change in changes.items():
        document = _document(text, name)
        keys = {place: key for key, place, _ in entries(document.value)}
        key = keys.get(pointer, dotted(pointer))
        if isinstance(change, Entry):
            for part, value in _differing(document.value.get(key), change.said()):
                text = yamlio.set_value(_document(text, name), (key, *part), value)
        elif key in document.value:
            text = yamlio.unset(document, (key,)) if len(document.value) > 1 else ""
    return text


def after(before: Mapping[Pointer, Entry], pointer: Pointer, day: date) -> tuple[Pointer, Entry]:
    """The entry of a secret that got a value on `day`, and whose it is: a new one, or the old one's with that day.

    A part of a secret that has an entry as a whole has none of its own: `login.current` is told of at `login`.
    """
    whole = owner_of(before, pointer)
    known = before.get(whole)
    if known is None:
        return pointer, Entry(day, day)
    if whole == pointer:
        return pointer, known.changed(day)
    # The value before, if there is one, is as valid as it was.
    return whole, known._replace(rotated=day, due=None, revoked=known.replaced)


def owner_of(before: Mapping[Pointer, Entry], pointer: Pointer) -> Pointer:
    """The place of the entry that tells of a secret: its own, or that of the secret which it is a part of."""
    around = (pointer[:depth] for depth in range(len(pointer) - 1, 0, -1))
    return next((place for place in (pointer, *around) if place in before), pointer)


def _differing(there: object, said: dict[str, str]) -> list[tuple[Pointer, object]]:
    """What must be set so that an entry says `said`: single dates where only those differ."""
    if not isinstance(there, dict) or there.keys() != said.keys():
        return [((), said)]
    return [((name,), value) for name, value in said.items() if there[name] != value]


def _document(text: str, name: str) -> Document:
    if not text:
        return Document(name, "", {}, lambda _: {})
    document, findings = yamlio.read(name, text.encode())
    if findings or document is None:
        raise RefusedError(f"{findings[0].location}: {findings[0].message}", hint="Mend the ledger first.")
    return document
