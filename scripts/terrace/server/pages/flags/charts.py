"""Charts of how often each variant was given: rectangles for an SVG, whose text alternative is the numbers themselves.

Nothing here is a style: the policy of pages takes none that stand in a page. Rectangles have attributes and classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

TONES = 6
"""So many variants have a tone of their own; the others share the last."""

_GAP = 0.22
_LEAST = 0.6
"""What is there at all is seen, however little it is: in hundredths of the height, or of the width."""


class Box(NamedTuple):
    """A rectangle, in hundredths of the width and of the height of its chart; `tone` is a number from 0 on."""

    x: float
    y: float
    width: float
    height: float
    tone: int


class Share(NamedTuple):
    """One variant: how often, and how much that is of all. An empty name is the application's own default."""

    name: str
    number: int
    percent: float
    tone: int

    @property
    def said(self) -> str:
        """Its name, as people read it."""
        return self.name or "the application's own default"


class Chart(NamedTuple):
    """A drawing, what it is of, and a sentence that says the same."""

    boxes: tuple[Box, ...]
    shares: tuple[Share, ...]
    total: int
    words: str
    most: int = 0


def shares(numbers: Mapping[str, int], order: Sequence[str]) -> tuple[Share, ...]:
    """Every variant with a number, in the order in which the flag has them; what it has no more follows."""
    total = sum(numbers.values())
    names = [*order, *sorted(name for name in numbers if name not in order)]
    return tuple(
        Share(name, numbers[name], 100 * numbers[name] / total, min(tone, TONES - 1))
        for tone, name in enumerate(names)
        if numbers.get(name)
    )


def bar(numbers: Mapping[str, int], order: Sequence[str]) -> Chart:
    """One bar, as long as all of them together: which part of them each variant is."""
    found = shares(numbers, order)
    widths = _rounded_up([each.percent for each in found])
    boxes, x = [], 0.0
    for each, width in zip(found, widths, strict=True):
        boxes.append(Box(round(x, 2), 0, round(width, 2), 100, each.tone))
        x += width
    return Chart(tuple(boxes), found, sum(numbers.values()), _words(found))


def columns(steps: Sequence[Mapping[str, int]], order: Sequence[str]) -> Chart:
    """A column for each step of the time, as high as it was asked for then, with its variants one upon the other."""
    totals: dict[str, int] = {}
    for step in steps:
        for name, number in step.items():
            totals[name] = totals.get(name, 0) + number
    found = shares(totals, order)
    most = max((sum(step.values()) for step in steps), default=0)
    boxes: list[Box] = []
    wide = 100 / max(1, len(steps))
    for index, step in enumerate(steps):
        y = 100.0
        for each in found:
            if step.get(each.name):
                height = max(_LEAST, 100 * step[each.name] / most)
                y = max(0.0, y - height)
                x = (index + _GAP / 2) * wide
                boxes.append(Box(round(x, 2), round(y, 2), round(wide * (1 - _GAP), 2), round(height, 2), each.tone))
    return Chart(tuple(boxes), found, sum(totals.values()), _words(found), most)


def _rounded_up(percents: Sequence[float]) -> list[float]:
    """The widths, where even the least is seen, and which together are no more than all."""
    raised = [max(_LEAST, each) for each in percents]
    return [100 * each / sum(raised) for each in raised]


def _words(found: Sequence[Share]) -> str:
    if not found:
        return "not asked for"
    return ", ".join(f"{each.said} {each.number:,} ({percent(each.percent)})" for each in found)


def percent(number: float) -> str:
    """A share, where neither a little nor almost all is rounded away."""
    if 0 < number < 0.1:
        return "< 0.1 %"
    if 99.9 < number < 100:
        return "> 99.9 %"
    return f"{number:.0f} %" if number in (0, 100) or 10 <= number <= 90 else f"{number:.1f} %"
