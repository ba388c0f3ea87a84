"""What JsonLogic makes of whole numbers of which only the least and the most are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

Span = tuple[int, int]
"""The least and the most that a whole number can be."""

Said = Span | bool | Literal["either"] | None
"""A number, the truth of a comparison, or None where nothing is said."""

_Spans = Sequence[Span]


def _less(spans: _Spans) -> Said:
    return _ordered(spans, lambda a, b: a < b)


def _at_most(spans: _Spans) -> Said:
    return _ordered(spans, lambda a, b: a <= b)


def _ordered(spans: _Spans, holds: Callable[[int, int], bool]) -> Said:
    """Each number before the next: what JsonLogic says of two, or of three."""
    if len(spans) not in (2, 3):
        return None
    pairs = list(pairwise(spans))
    if all(holds(a[1], b[0]) for a, b in pairs):
        return True
    return False if any(not holds(a[0], b[1]) for a, b in pairs) else "either"


def _difference(spans: _Spans) -> Said:
    if len(spans) == 1:
        return -spans[0][1], -spans[0][0]
    first, second = spans[:2]
    return first[0] - second[1], first[1] - second[0]


def _sum(spans: _Spans) -> Said:
    return sum(each[0] for each in spans), sum(each[1] for each in spans)


def _product(spans: _Spans) -> Said:
    low = high = 1
    for each in spans:
        corners = [low * each[0], low * each[1], high * each[0], high * each[1]]
        low, high = min(corners), max(corners)
    return low, high


def _least(spans: _Spans) -> Said:
    return min(each[0] for each in spans), min(each[1] for each in spans)


def _greatest(spans: _Spans) -> Said:
    return max(each[0] for each in spans), max(each[1] for each in spans)


OPERATORS: Mapping[str, Callable[[_Spans], Said]] = {
    "<": _less, "<=": _at_most,
    ">": lambda spans: _less(spans[::-1]), ">=": lambda spans: _at_most(spans[::-1]),
    "-": _difference, "+": _sum, "*": _product, "min": _least, "max": _greatest,
}  # fmt: skip
