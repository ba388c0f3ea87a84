"""The results as a table for people and as JSON for programs."""

import platform
import shlex
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.goals import Goal, Term
from benchmarks.measure import Missing, Sample, median, ratios


class Result(NamedTuple):
    """A goal and what came of it: the ratio of each round, or why there is none."""

    goal: Goal
    ours: float = 0
    floor: float = 0
    pairs: tuple[float, ...] = ()
    missing: str = ""
    failed: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.pairs)

    @property
    def verdict(self) -> str:
        """`stretch`, `ok` or `miss`; in parentheses where the size is not the one that the goal was set for."""
        reached = self.goal.stretch is not None and self.ratio <= self.goal.stretch
        word = "stretch" if reached else "ok" if self.ratio <= self.goal.limit else "miss"
        return f"({word})" if self.goal.indicative else word


def result(goal: Goal, samples: Mapping[Term, Sequence[Sample]], missing: Mapping[Term, Missing]) -> Result:
    """What the samples say of `goal`."""
    for term in (goal.ours, goal.floor):
        if term in missing:
            reason, argv = missing[term]
            return Result(goal, missing=f"{term.program}: {reason}", failed=argv)
    ours, floor = samples[goal.ours], samples[goal.floor]
    pairs = tuple(ratios(ours, floor, goal.measure))
    return Result(goal, median(ours, goal.measure), median(floor, goal.measure), pairs)


def table(results: Sequence[Result]) -> str:
    """One line a goal, then the command lines that failed."""
    head = ("goal", "what", "N", "measure", "ours", "floor", "ratio", "rounds", "goal", "stretch", "")
    rows = [head, *(_row(result) for result in results)]
    whole = [row if len(row) == len(head) else row[:4] for row in rows]
    widths = [max(len(row[column]) for row in whole if column < len(row)) for column in range(len(head))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    failed = dict.fromkeys(shlex.join(result.failed) for result in results if result.failed)
    return "\n".join([*lines, *(f"failed: {command}" for command in failed)])


def _row(result: Result) -> tuple[str, ...]:
    goal = result.goal
    sizes = "/".join(str(size) for size in dict.fromkeys((goal.ours.tenants, goal.floor.tenants)))
    start = (goal.number, goal.what, sizes, goal.measure)
    if result.missing:
        return (*start, f"not measured: {result.missing}")
    unit = _megabytes if goal.measure == "memory" else _seconds
    spread = f"{_short(min(result.pairs))} .. {_short(max(result.pairs))}"
    stretch = "" if goal.stretch is None else f"<= {_short(goal.stretch)}"
    figures = (unit(result.ours), unit(result.floor), _short(result.ratio), spread, f"<= {_short(goal.limit)}", stretch)
    return (*start, *figures, result.verdict)


def as_json(results: Sequence[Result], sizes: Sequence[int], rounds: int) -> dict[str, object]:
    """The results, and on what they were measured."""
    machine = {"python": platform.python_version(), "system": platform.platform(), "processor": platform.machine()}
    return {"machine": machine, "sizes": list(sizes), "rounds": rounds, "results": [_entry(item) for item in results]}


def _entry(result: Result) -> dict[str, object]:
    goal = result.goal
    entry: dict[str, object] = {
        "goal": goal.number,
        "what": goal.what,
        "measure": goal.measure,
        "ours": goal.ours._asdict(),
        "floor": goal.floor._asdict(),
        "limit": goal.limit,
        "stretch": goal.stretch,
    }
    if result.missing:
        return {**entry, "missing": result.missing}
    found = {"ours_median": result.ours, "floor_median": result.floor, "ratio": result.ratio}
    return {**entry, **found, "pairs": list(result.pairs), "verdict": result.verdict}


def _short(number: float) -> str:
    return f"{number:.3g}"


def _seconds(number: float) -> str:
    return f"{number * 1000:.0f} ms" if number < 1 else f"{number:.2f} s"


def _megabytes(number: float) -> str:
    return f"{number / 1e6:.0f} MB"
