"""Every step of a deployment, by name: what tests interrupt, and what a progress display can show."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """A step that was just finished. After each, the process may die: readers see a whole release."""

    LOCKED = "locked"
    RECOVERED = "recovered"
    CHECKED = "checked against holds"
    STAGING = "staging folder made"
    COPIED = "file copied"
    SYNCED = "staged files are on disk"
    STAGED = "release folder in place"
    INTENDED = "intent recorded"
    HELD = "hold recorded"
    LINKED = "new data link made"
    SWAPPED = "data link swapped"
    SHOWN = "visible link made"
    TIDIED = "stale links removed"
    LIFTED = "cleared holds removed"
    LOGGED = "release logged"
    DONE = "intent cleared"
    PRUNED = "old release removed"


OnStep = Callable[[Step], None]


def silent(_step: Step) -> None:
    """Nobody listens."""
