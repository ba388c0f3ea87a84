"""What is said of those who move: whom a case is about, and which share of them gets what."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Literal, NamedTuple

How = Literal["exact", "expected", "sample"]
"""`exact`: counted over the whole bucket space. `expected`: so too, but over several keys to split by, each of which is
taken to fall as if there were no other. `sample`: of many made-up subjects, asked of the evaluator."""


class Move(NamedTuple):
    """The share of subjects that get `after` where they got `before`; None for the application's own default.

    The two are the same variant where only its value changes.
    """

    before: str | None
    after: str | None
    share: Fraction


class Condition(NamedTuple):
    """A condition as JsonLogic, written as JSON, and whether it is so."""

    logic: str
    holds: bool


class Case(NamedTuple):
    """Those for whom all of `where` is so, how they move, what they are told apart by, and how that was found out."""

    where: tuple[Condition, ...]
    moves: tuple[Move, ...]
    by: tuple[str, ...]
    how: How

    @property
    def telling(self) -> tuple[Condition, ...]:
        """Its conditions, but for those which say that there is what subjects are told apart by."""
        given = {json.dumps({"var": name}) for name in self.by}
        return tuple(each for each in self.where if not (each.holds and each.logic in given))
