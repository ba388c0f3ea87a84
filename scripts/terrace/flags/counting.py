"""How often each flag came to what, for whom: counted where flags are evaluated, and read by whoever reports it.

Of a context nothing but the tenant's name is kept, and of that no more than a bounded number: whoever sends a million
names has them counted as one.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from weakref import ref

OTHER: Final = "(other)"
"""What stands for all flags that are not there, and for tenants and series past the limits. It is no key, no name."""

BULK: Final = "BULK"
"""The reason where all flags were asked for at once: whether anybody uses one of them is not known from it."""

TENANTS = 200
"""So many tenants are told apart in one process."""
SERIES = 50_000
"""So many different things are counted in one process."""
_TENANT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?").fullmatch


class Series(NamedTuple):
    """What is counted by itself. `variant` and `tenant` are empty where there was none."""

    environment: str
    flag: str
    variant: str
    tenant: str
    reason: str


class Batch(NamedTuple):
    """What was counted until a moment (seconds of Unix time) since the batch before. One with a known `id` was had."""

    id: str
    until: float
    counts: Mapping[Series, int]


class Counts:
    """Counts of this process since its start: exact, whatever number of threads count.

    A forked process begins at nothing: what was counted before is its parent's to report.
    """

    def __init__(self, *, tenants: int = TENANTS, series: int = SERIES) -> None:
        self._most_tenants, self._most_series = tenants, series
        self._begin()
        held = ref(self)

        def in_child() -> None:
            counts = held()
            if counts is not None:
                counts._begin()

        os.register_at_fork(after_in_child=in_child)

    def _begin(self) -> None:
        # One that a signal's handler may take again: it may evaluate flags, too.
        self._lock = threading.RLock()
        self._counts: dict[tuple[str, str, str, str, str], int] = {}
        self._tenants: set[str] = {"", OTHER}

    def count(self, environment: str, flag: str, variant: str, tenant: str, reason: str) -> None:
        """Count one evaluation. `flag` is `OTHER` where there is no such flag."""
        series = (environment, flag, variant, tenant, reason)
        with self._lock:
            try:
                self._counts[series] += 1
            except KeyError:
                series = self._within(*series)
                self._counts[series] = self._counts.get(series, 0) + 1

    def count_all(self, environment: str, tenant: str, reason: str, came_to: Iterable[tuple[str, str]]) -> None:
        """Count one evaluation of many flags, each with its variant."""
        with self._lock:
            for flag, variant in came_to:
                self.count(environment, flag, variant, tenant, reason)

    def admitted(self, environment: str, flag: str, variant: str, tenant: str, reason: str) -> Series:
        """What somebody else's count is added to, so that all together stays within the limits."""
        with self._lock:
            return self._within(environment, flag, variant, tenant, reason)

    @property
    def now(self) -> Mapping[Series, int]:
        """What was counted so far."""
        with self._lock:
            found = list(self._counts.items())
        return {Series(*series): number for series, number in found}

    def _within(self, environment: str, flag: str, variant: str, tenant: str, reason: str) -> Series:
        if tenant not in self._tenants:
            if len(self._tenants) - 2 < self._most_tenants and _TENANT(tenant):
                self._tenants.add(tenant)
            else:
                tenant = OTHER
        if len(self._counts) < self._most_series:
            return Series(environment, flag, variant, tenant, reason)
        return Series(environment, OTHER, "", OTHER, reason)


def since(before: Mapping[Series, int], now: Mapping[Series, int]) -> dict[Series, int]:
    """What was counted between two readings of the same counts."""
    return {series: more for series, number in now.items() if (more := number - before.get(series, 0)) > 0}
