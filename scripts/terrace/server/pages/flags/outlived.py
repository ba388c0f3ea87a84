"""Why a flag may have had its day, as far as that is known of what is served. `terrace flags stale` proves more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from terrace.server.pages.flags.cells import Cell
from terrace.server.pages.flags.dates import End
from terrace.server.pages.flags.known import About

UNUSED = 30
"""So many days nobody asks for a flag, and it seems to be of no use."""

_SAME = ("on", "off", "set", "own")


def reasons(about: About, end: End, cells: Mapping[str, Cell], last: Iterable[datetime], now: datetime) -> list[str]:
    """The reasons, in words; none for a flag that is permanent. `last` is when it was asked for last, anywhere."""
    if about.permanent:
        return []
    found = [f"It was meant to be gone on {end.day}."] if end.state == "over" else []
    outcomes = {(cell.state, cell.label) for cell in cells.values()}
    if len(cells) > 1 and len(outcomes) == 1:
        ((state, label),) = outcomes
        if state in _SAME:
            found.append(f"Everybody gets {label}, in every environment.")
    latest = max(last, default=None)
    if latest is not None and now - latest > timedelta(days=UNUSED):
        found.append(f"Nobody has asked for it for {(now - latest).days} days.")
    return found
