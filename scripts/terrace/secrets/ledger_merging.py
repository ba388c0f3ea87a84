"""Two versions of a ledger merged: as text where that is right, else entry by entry. Needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terrace.errors import RefusedError, TerraceError
from terrace.model.source import dotted
from terrace.secrets.ledger import REMOVED, read, recorded
from terrace.secrets.threeway import MISSING, changes, weave

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terrace.model.source import Pointer
    from terrace.secrets.ledger import Entry


def merge(base: str, ours: str, theirs: str, as_text: str | None) -> str:
    """The merged ledger. Raises RefusedError where both sides changed one entry differently: a person has to say.

    `as_text` is what Git makes of the sides by their lines, if it can. New entries of both sides at one place are a
    conflict to it; and what it merges cleanly need not be right.
    """
    entries = [read(text) for text in (base, ours, theirs)]
    woven = weave(*map(_units, entries))
    if woven.clashes:
        pointers: list[Any] = [clash.pointer[0] for clash in woven.clashes]
        names = ", ".join(map(dotted, pointers))
        raise RefusedError(f"both sides changed the entry of {names}", hint="Keep the one whose value is kept.")
    if as_text is not None and _says(as_text, woven.values):
        return as_text
    said = {repr(entry): entry for side in entries for entry in side.values()}
    edits: dict[Any, Any] = {
        pointer[0]: REMOVED if unit is MISSING else said[unit]
        for pointer, unit in changes(_units(entries[1]), woven.values)
    }
    return recorded(ours, edits)


def _units(entries: Mapping[Pointer, Entry]) -> dict[Any, Any]:
    """Each entry as one value: the dates of two rotations do not make a third one."""
    return {pointer: repr(entry) for pointer, entry in entries.items()}


def _says(text: str, wanted: Mapping[Any, Any]) -> bool:
    try:
        return _units(read(text)) == wanted
    except TerraceError:
        return False
