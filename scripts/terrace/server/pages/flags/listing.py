"""All flags: what each is in every environment, whose it is, how old, how often asked for, and when it is to end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.flags.usage import UsageStore
from terrace.server.callers import Caller
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing, link
from terrace.server.pages.flags.cells import NAMES, STATES, Cell
from terrace.server.pages.flags.charts import Chart
from terrace.server.pages.flags.dates import End, age, end_of
from terrace.server.pages.flags.known import About, Known, Served, about_said, context_for
from terrace.server.pages.flags.repository import Reading
from terrace.server.pages.flags.told import Said
from terrace.server.pages.flags.traffic import Totals
from terrace.server.pages.lists import asked_number, asked_text, matching, page
from terrace.server.problems import ProblemError

ENDS = {"over": "ended", "soon": "ends within a month", "permanent": "permanent", "none": "without an end"}


class Row(NamedTuple):
    """A flag in the list. `chart` and `last` are those of one environment; None where nobody counts."""

    about: About
    end: End
    age: str
    cells: Mapping[str, Cell]
    chart: Chart | None
    last: datetime | None


class Asked(NamedTuple):
    """What the form asks for: a text, an owner, an environment, a state, an end, and which page."""

    query: str
    owner: str
    environment: str
    state: str
    end: str
    number: int

    @property
    def narrows(self) -> bool:
        """Whether some flags may be left out."""
        return bool(self.query or self.owner or self.state or self.end)

    def address(self, number: int) -> str:
        """The URL of a page of this."""
        return link(
            "flags", q=self.query, owner=self.owner, environment=self.environment, state=self.state, end=self.end,
            page=number if number > 1 else "",
        )  # fmt: skip


class Listing:
    """The page of all flags."""

    def __init__(self, known: Known, reading: Reading, usage: UsageStore | None, drawing: Drawing) -> None:
        self._known, self._reading = known, reading
        self._usage, self._drawing = usage, drawing

    def routes(self) -> list[Route]:
        """/flags."""
        return [Route("/flags", self.flags)]

    async def flags(self, request: Request) -> Response:
        """Flags, filtered, page by page."""
        caller = reach.caller_of(request)
        served = self._known.served(caller)
        said, problem = await self._reading.ask(do="list") if caller.sees_all_tenants else (None, "")
        return await run_in_threadpool(self._list, request, served, said, problem)

    def _list(self, request: Request, served: Served, said: Said | None, problem: str) -> Response:
        caller, asked, today = reach.caller_of(request), _asked(request), self._drawing.now().date()
        told = {str(each["key"]): each for each in said["flags"]} if said else {}
        environments = _environments(served, caller, told)
        board = _Board(served, caller, told, environments)
        if asked.environment and asked.environment not in environments:
            raise ProblemError(404, "There are no flags of this environment, or they are not for you.")
        everything = [board.about(key) for key in sorted(served.keys() | told.keys())]
        found = matching([each for each in everything if asked.owner in ("", each.owner)], asked.query, _searched)
        if asked.end:
            found = [each for each in found if end_of(each.expires, each.permanent, today).state == asked.end]
        if asked.state:
            found = [each for each in found if board.has(each.key, asked.environment, asked.state)]
        listed = page(found, asked.number)
        counted = asked.environment or next(reversed(environments), "")
        totals = Totals(self._usage if caller.sees_all_tenants else None, counted, time.time())
        rows = [self._row(each, served, board, totals, environments) for each in listed.items]
        return self._drawing.page(request, "flags/list.html", {
            "rows": rows, "listed": listed, "asked": asked, "environments": environments, "counted": counted,
            "totals": totals, "owners": _owners(everything), "states": NAMES, "ends": ENDS,
            "any_flags": bool(everything),
            "problem": problem, "followed": self._reading.is_there, "sees_all": caller.sees_all_tenants,
            "tenant": "" if caller.sees_all_tenants else context_for(caller, {}).get("tenant", ""),
        })  # fmt: skip

    def _row(self, about: About, served: Served, board: _Board, totals: Totals, environments: list[str]) -> Row:
        today = self._drawing.now().date()
        chart = totals.chart(about.key, list(served.variants(about.key))) if totals.known else None
        return Row(
            about, end_of(about.expires, about.permanent, today), age(about.created, today),
            {name: board.cell(name, about.key) for name in environments}, chart, totals.last(about.key),
        )  # fmt: skip


class _Board:
    """Every flag in every environment, as the caller may know it; found out where it is asked for."""

    def __init__(self, served: Served, caller: Caller, told: Mapping[str, Said], environments: list[str]) -> None:
        self._served, self._caller, self._told = served, caller, told
        self._environments = environments

    def about(self, key: str) -> About:
        """What is said of a flag."""
        if key in self._told:
            return about_said(self._told[key])
        found = self._served.about(key)
        assert found is not None, "a key of what is served"
        return found

    def cell(self, environment: str, key: str) -> Cell:
        """What a flag is in an environment."""
        if not self._caller.sees_all_tenants:
            return self._served.given(environment, key, context_for(self._caller, {}))
        said: Mapping[str, Any] = self._told.get(key, {}).get("environments", {})
        return self._served.cell(environment, key, said.get(environment))

    def has(self, key: str, environment: str, state: str) -> bool:
        """Whether a flag is in a state, in an environment or in any."""
        names = [environment] if environment else self._environments
        return any(self.cell(name, key).state == state for name in names)


def _environments(served: Served, caller: Caller, told: Mapping[str, Said]) -> list[str]:
    """Those served, and behind them those that only the repository knows."""
    names = dict.fromkeys(served.places)
    for each in told.values():
        names |= dict.fromkeys(name for name in each.get("environments", {}) if caller.evaluates(name))
    return list(names)


def _asked(request: Request) -> Asked:
    state, end = asked_text(request, "state"), asked_text(request, "end")
    if state not in ("", *STATES):
        raise ProblemError(400, f"`state` is one of: {', '.join(STATES)}.")
    if end not in ("", *ENDS):
        raise ProblemError(400, f"`end` is one of: {', '.join(ENDS)}.")
    query, owner, environment = (asked_text(request, name) for name in ("q", "owner", "environment"))
    return Asked(query, owner, environment, state, end, asked_number(request))


def _searched(about: About) -> str:
    return " ".join((about.key, about.description, about.owner, about.kind, *about.tags))


def _owners(everything: list[About]) -> dict[str, int]:
    return dict(sorted(Counter(each.owner for each in everything if each.owner).items()))
