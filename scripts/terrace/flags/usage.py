"""How often flags were evaluated in the last days, and when last: kept in one SQLite file, by minutes and by hours.

Losing it loses no evaluation: what cannot be written is said once, kept for a while by who reports it, and begun anew.
Minutes hold totals, hours also what each tenant got.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from terrace.flags.counting import BULK, Batch, Series
from terrace.flags.usage_file import LARGEST, DamagedError, UsageFile

DAY, WEEK = 86_400, 7 * 86_400
TOTAL: Final = "*"
"""Where a tenant's name stands for others: all tenants together, and none."""

log = logging.getLogger("terrace.flags")
T = TypeVar("T")


class Keep(NamedTuple):
    """For how many seconds usage is kept: by minutes, by hours for each tenant, and by hours in total."""

    minutes: int = 2 * DAY
    tenants: int = 8 * DAY
    hours: int = 90 * DAY


class Point(NamedTuple):
    """A number of evaluations in the minute or hour that began at `at`, with what came of them."""

    at: int
    variant: str
    tenant: str
    reason: str
    number: int


class Last(NamedTuple):
    """When a flag last came to a variant."""

    flag: str
    variant: str
    at: int


class UsageStore:
    """The usage that one server knows of. Nothing here raises but for a bug: see `problem`."""

    def __init__(
        self,
        path: Path,
        *,
        keep: Keep = Keep(),  # noqa: B008 - it never changes
        largest: int = LARGEST,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.problem = ""
        """What is wrong with the file now, for health; empty where nothing is."""
        self._file = UsageFile(path, largest=largest)
        self._keep, self._clock = keep, clock
        self._swept = 0.0

    @property
    def notice(self) -> str:
        """That a damaged file was put aside, and which; empty where none was."""
        return self._file.notice

    def add(self, batch: Batch) -> bool:
        """Add what was counted. False if it is not kept, and may be tried again; what was added before, counts once."""
        now = self._clock()
        # Who reports may have a clock that is wrong: nothing was evaluated in the future.
        at = int(min(batch.until, now))

        def write(connection: sqlite3.Connection) -> bool:
            known = connection.execute("insert or ignore into batch values (?, ?)", (batch.id, int(now)))
            if known.rowcount:
                _write(connection, batch.counts, at)
            return True

        done = self._try(write, False, writes=True)
        if done and now - self._swept > 3600:
            self._swept = now
            self.sweep()
        return done

    def usage(
        self, environment: str, flag: str, since: float, until: float | None = None, *, tenant: str = TOTAL
    ) -> tuple[Point, ...]:
        """The evaluations of a flag since a moment, the oldest first: by minutes where these are kept, else by hours.

        Of one tenant (`""`: of none) it is known by hours.
        """
        now = self._clock()
        by_minute = tenant == TOTAL and since >= now - self._keep.minutes
        table, step = ("minute", 60) if by_minute else ("hour", 3600)
        asked = (environment, flag, int(since) // step * step, int(now if until is None else until), tenant)

        def read(connection: sqlite3.Connection) -> tuple[Point, ...]:
            rows = connection.execute(
                f"select at, variant, tenant, reason, n from {table} where environment = ? and flag = ? and at >= ? "
                "and at <= ? and tenant = ? order by at, variant, reason",
                asked,
            )
            return tuple(Point(*row) for row in rows)

        return self._try(read, ())

    def totals(self, environment: str, since: float) -> dict[tuple[str, str], int]:
        """The evaluations of every flag since a moment, by key and variant."""
        by_minute = since >= self._clock() - self._keep.minutes
        table, step = ("minute", 60) if by_minute else ("hour", 3600)

        def read(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
            rows = connection.execute(
                f"select flag, variant, sum(n) from {table} where environment = ? and tenant = ? and at >= ? "
                "group by flag, variant",
                (environment, TOTAL, int(since) // step * step),
            )
            return {(flag, variant): number for flag, variant, number in rows}

        return self._try(read, {})

    def tenants(self, environment: str, flag: str, since: float) -> dict[tuple[str, str], int]:
        """The evaluations of a flag since a moment by tenant and variant; `""` is no tenant."""

        def read(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
            rows = connection.execute(
                "select tenant, variant, sum(n) from hour where environment = ? and flag = ? and tenant != ? "
                "and at >= ? group by tenant, variant",
                (environment, flag, TOTAL, int(since) // 3600 * 3600),
            )
            return {(tenant, variant): number for tenant, variant, number in rows}

        return self._try(read, {})

    def last_evaluated(self, environment: str, flag: str = "") -> tuple[Last, ...]:
        """When each flag of an environment, or one, came to each variant last, in seconds of Unix time.

        Who asks for all flags at once does not tell that one of them is used, and is not meant.
        """
        asked = "select flag, variant, at from last where environment = ?"
        values: tuple[str, ...] = (environment,)
        if flag:
            asked, values = f"{asked} and flag = ?", (environment, flag)
        return self._try(lambda connection: tuple(Last(*row) for row in connection.execute(asked, values)), ())

    def sweep(self) -> None:
        """Remove what is older than it is kept."""
        now, keep = int(self._clock()), self._keep

        def remove(connection: sqlite3.Connection) -> None:
            connection.execute("delete from minute where at < ?", (now - keep.minutes,))
            connection.execute("delete from hour where at < ?", (now - keep.hours,))
            connection.execute("delete from hour where at < ? and tenant != ?", (now - keep.tenants, TOTAL))
            connection.execute("delete from batch where at < ?", (now - keep.minutes,))

        self._try(remove, None, writes=True)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _try(self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, writes: bool = False) -> T:
        try:
            found = self._file.use(work, writes=writes)
        except (sqlite3.Error, DamagedError, OSError) as error:
            # Each way to fail is said once, until it works again.
            problem = f"usage of flags is not kept in {self._file.path}: {error}"
            if problem != self.problem:
                log.error("%s", problem)
            self.problem = problem
            return otherwise
        if self.problem:
            log.warning("usage of flags is kept again in %s", self._file.path)
        self.problem = ""
        return found


def _write(connection: sqlite3.Connection, counts: Mapping[Series, int], at: int) -> None:
    minutes: dict[tuple[object, ...], int] = {}
    hours: dict[tuple[object, ...], int] = {}
    last: set[tuple[str, str, str, int]] = set()
    minute, hour = at // 60 * 60, at // 3600 * 3600
    for each, number in counts.items():
        in_minute = (each.environment, each.flag, minute, each.variant, TOTAL, each.reason)
        minutes[in_minute] = minutes.get(in_minute, 0) + number
        for tenant in (TOTAL, each.tenant):
            in_hour = (each.environment, each.flag, hour, each.variant, tenant, each.reason)
            hours[in_hour] = hours.get(in_hour, 0) + number
        if each.reason != BULK:
            last.add((each.environment, each.flag, each.variant, at))
    for table, rows in (("minute", minutes), ("hour", hours)):
        connection.executemany(
            f"insert into {table} values (?, ?, ?, ?, ?, ?, ?) on conflict do update set n = n + excluded.n",
            [(*key, number) for key, number in rows.items()],
        )
    connection.executemany(
        "insert into last values (?, ?, ?, ?) on conflict do update set at = max(at, excluded.at)", sorted(last)
    )
