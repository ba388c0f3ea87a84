"""What Git knows of a secret's age, and where that speaks against its ledger. Needs no key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from terrace.model.rotation import is_rotating
from terrace.model.source import Pointer

if TYPE_CHECKING:
    from terrace.model.service import Field

WAITING = 14
"""Days that a value may wait for its commit, or a proposal to be folded in, which encrypts it anew."""

EARLY = 1
"""Days that a commit may be older than the ledger's day: clocks and time zones differ."""


class Seen(NamedTuple):
    """What Git knows of one value: the day and the commit that brought it as it is now.

    `reencrypted`: that commit changed every value of the file, so it may be older. `first`: that commit began the file.
    A value that is not committed has no commit.
    """

    day: date | None = None
    commit: str = ""
    reencrypted: bool = False
    first: bool = False


def newest(pointer: Pointer, field: Field | None, seen: Mapping[Pointer, Seen]) -> Seen:
    """What Git knows of the value in use: of a `Rotating` field its current one, which may have several parts."""
    place = (*pointer, "current") if field is not None and is_rotating(field) else pointer
    inside = [each for where, each in seen.items() if where[: len(place)] == place]
    if not inside or any(each.day is None for each in inside):
        return Seen()
    return max(inside, key=lambda each: each.day or date.min)


def disagreements(said: Mapping[Pointer, date], seen: Mapping[Pointer, Seen]) -> Iterable[tuple[Pointer, str]]:
    """Where the ledger's days and Git's do not fit, in words.

    A ledger cannot say less than Git shows: a value whose nonce changed after the day it names was changed behind its
    back. Nor more: a value that Git has seen unchanged since before that day was not rotated on it.
    """
    for pointer, day in said.items():
        git = seen.get(pointer)
        if git is None or git.day is None:
            continue
        apart = (git.day - day).days
        if apart > WAITING and not git.reencrypted and not git.first:
            yield pointer, f"was last changed on {git.day} in Git ({git.commit[:8]}), and the ledger says {day}"
        elif apart < -EARLY:
            yield pointer, f"did not change in Git since {git.day} ({git.commit[:8]}), and the ledger says {day}"
