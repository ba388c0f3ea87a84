"""How often each variant of a flag was given, from the store of usage: in the last day, in the last week, and last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from terrace.flags.usage import DAY, TOTAL, WEEK, Point, UsageStore
from terrace.server.callers import Caller
from terrace.server.pages.flags.charts import Chart, bar, columns

HOUR = 3600
_SIX = 6 * HOUR


class Step(NamedTuple):
    """A part of the time, and how often each variant was given in it."""

    at: datetime
    numbers: Mapping[str, int]


class Period(NamedTuple):
    """A chart of some time, and its numbers; `unit` is what one column of it is."""

    name: str
    unit: str
    chart: Chart
    steps: tuple[Step, ...]


class Totals:
    """Totals of the last day of all flags in an environment, and when each was asked for last."""

    def __init__(self, store: UsageStore | None, environment: str, now: float) -> None:
        self._numbers: dict[str, dict[str, int]] = {}
        self._last: dict[str, int] = {}
        self.known = store is not None
        if store is None:
            return
        for (flag, variant), number in store.totals(environment, now - DAY).items():
            self._numbers.setdefault(flag, {})[variant] = number
        for each in store.last_evaluated(environment):
            self._last[each.flag] = max(each.at, self._last.get(each.flag, 0))

    def chart(self, key: str, order: Sequence[str]) -> Chart:
        """The bar of a flag."""
        return bar(self._numbers.get(key, {}), order)

    def last(self, key: str) -> datetime | None:
        """When a flag was asked for last."""
        at = self._last.get(key)
        return datetime.fromtimestamp(at, UTC) if at else None


def last_of(store: UsageStore, environment: str, key: str) -> datetime | None:
    """When a flag was asked for last in an environment."""
    at = max((each.at for each in store.last_evaluated(environment, key)), default=0)
    return datetime.fromtimestamp(at, UTC) if at else None


def periods(
    store: UsageStore, caller: Caller, environment: str, key: str, order: Sequence[str], now: float
) -> list[Period]:
    """The last day by hours and the last week by six hours; of a caller's own tenants, where it is for some."""
    tenants = (TOTAL,) if caller.sees_all_tenants else tuple(caller.scopes.tenants)
    found = []
    for name, unit, seconds, wide in (("Last day", "an hour", DAY, HOUR), ("Last week", "six hours", WEEK, _SIX)):
        first = int(now) // wide * wide - seconds + wide
        points = [point for tenant in tenants for point in store.usage(environment, key, first, tenant=tenant)]
        steps = _steps(points, first, seconds // wide, wide)
        found.append(Period(name, unit, columns([each.numbers for each in steps], order), steps))
    return found


def _steps(points: Sequence[Point], first: int, count: int, wide: int) -> tuple[Step, ...]:
    numbers: list[dict[str, int]] = [{} for _ in range(count)]
    for point in points:
        index = (point.at - first) // wide
        if 0 <= index < count:
            numbers[index][point.variant] = numbers[index].get(point.variant, 0) + point.number
    return tuple(Step(datetime.fromtimestamp(first + index * wide, UTC), each) for index, each in enumerate(numbers))
