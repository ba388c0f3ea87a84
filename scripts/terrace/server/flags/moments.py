"""When flags change by themselves: the moments that targeting compares the time with, and when it counts all along."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

STEP = 30
"""Seconds for which answers stay the same while a share grows with the time."""

_NOW = "$flagd.timestamp"
_COMPARED = frozenset({"<", "<=", ">", ">=", "==", "!=", "===", "!=="})


class Moments(NamedTuple):
    """`at`: when something changes at once, sorted. `flowing`: from when to when something changes all the time."""

    at: tuple[int, ...] = ()
    flowing: tuple[tuple[int, int | None], ...] = ()

    def bucket(self, now: float) -> str:
        """What is the same as long as answers are; empty where no answer depends on the time."""
        if not self.at and not self.flowing:
            return ""
        flow = int(now) // STEP if self.flowing else 0
        return f"{bisect_right(self.at, now)}.{flow}"

    def next(self, now: float) -> float | None:
        """When answers may be others next; None for never."""
        index = bisect_right(self.at, now)
        ahead = [float(self.at[index])] if index < len(self.at) else []
        if any(begin <= now and (end is None or now <= end) for begin, end in self.flowing):
            ahead.append((int(now) // STEP + 1) * STEP)
        return min(ahead, default=None)


def moments(definition: Mapping[str, Any]) -> Moments:
    """The moments of all flags of a definition."""
    at: set[int] = set()
    flowing: list[tuple[int, int | None]] = []
    for flag in definition.get("flags", {}).values():
        if flag.get("targeting") and flag.get("state") == "ENABLED":
            found, flows = _of(flag["targeting"])
            # A moment that something is compared with may count or not: `<=` changes a second later than `<`.
            at |= {each for moment in found for each in (moment, moment + 1)}
            if flows:
                # Where it flows between two moments, these are what bounds it.
                flowing.append((min(found), max(found)) if len(found) > 1 else (0, None))
    return Moments(tuple(sorted(at)), tuple(sorted(set(flowing), key=str)))


def _of(logic: Any) -> tuple[set[int], bool]:
    found: set[int] = set()
    asked = 0
    compared = 0
    for node in _nodes(logic):
        operator, arguments = next(iter(node.items()))
        if _is_now(node):
            asked += 1
        if operator in _COMPARED and isinstance(arguments, list) and any(map(_is_now, arguments)):
            others = [each for each in arguments if not _is_now(each)]
            if all(isinstance(each, int | float) for each in others):
                found |= {int(each) for each in others}
                compared += len(arguments) - len(others)
    return found, asked > compared


def _nodes(logic: Any) -> Iterator[dict[str, Any]]:
    """Every operation in `logic`, however deep."""
    waiting = [logic]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            if len(each) == 1:
                yield each
            waiting += each.values()


def _is_now(node: object) -> bool:
    name = node.get("var") if isinstance(node, dict) and len(node) == 1 else None
    return name == _NOW or (isinstance(name, list) and name[:1] == [_NOW])
