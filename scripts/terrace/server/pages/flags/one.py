"""One flag: what it is and why, environment by environment; who gets what; how often; and how it came to that."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.flags.usage import UsageStore
from terrace.server.callers import Caller
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing, link, text_of
from terrace.server.pages.flags.cells import Cell
from terrace.server.pages.flags.dates import age, end_of
from terrace.server.pages.flags.known import About, Known, Served, about_said, context_for
from terrace.server.pages.flags.outlived import reasons
from terrace.server.pages.flags.repository import Reading
from terrace.server.pages.flags.subjects import answers, by_outcome, subject
from terrace.server.pages.flags.told import Change, Said, history, state
from terrace.server.pages.flags.traffic import last_of, periods
from terrace.server.pages.lists import asked_text
from terrace.server.problems import ProblemError

_RECENT, _MOST = 8, 100
_SHOWN = 200
"""How many tenants with one outcome stand on a page by name; a search finds the others."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class One:
    """The page of a flag."""

    def __init__(self, known: Known, reading: Reading, usage: UsageStore | None, drawing: Drawing) -> None:
        self._known, self._reading = known, reading
        self._usage, self._drawing = usage, drawing

    def routes(self) -> list[Route]:
        """/flags/<key>; a key may have slashes in it."""
        return [Route("/flags/{key:path}", self.one)]

    async def one(self, request: Request) -> Response:
        """A flag, in one environment after the other."""
        caller, key = reach.caller_of(request), request.path_params["key"]
        served = self._known.served(caller)
        said, log, problem = None, None, ""
        if caller.sees_all_tenants:
            said, problem = await self._reading.ask(do="show", flag=key)
        if said is None and served.about(key) is None:
            raise ProblemError(404, "There is no such flag, or it is not for you.")
        if said is not None:
            limit = _MOST if asked_text(request, "history") == "all" else _RECENT
            log, _ = await self._reading.ask(do="history", flag=key, limit=limit + 1)
        return await run_in_threadpool(self._one, request, served, said, log, problem)

    def _one(self, request: Request, served: Served, said: Said | None, log: Said | None, problem: str) -> Response:
        caller, key = reach.caller_of(request), request.path_params["key"]
        flag = said.get("flag", said) if said else None
        told: Mapping[str, Said] = flag.get("environments", {}) if flag else {}
        about = about_said({**flag, "key": key}) if flag else served.about(key)
        assert about is not None, "looked for before"
        cells = _cells(served, caller, key, told)
        chosen = asked_text(request, "environment") or next(reversed(cells))
        if chosen not in cells:
            raise ProblemError(404, "There are no flags of this environment, or they are not for you.")
        today = self._drawing.now().date()
        variants = flag.get("variants") if flag else None
        variants = variants if isinstance(variants, Mapping) else served.variants(key)
        return self._drawing.page(request, "flags/one.html", {
            "about": about, "end": end_of(about.expires, about.permanent, today), "age": age(about.created, today),
            "variants": {name: text_of(value) for name, value in variants.items()}, "order": list(variants),
            "off_variant": flag.get("off_variant") if flag else None, "cells": cells, "chosen": chosen,
            "cell": cells[chosen], "place": served.places.get(chosen),
            "state": state(told[chosen]) if chosen in told else None,
            "sees_all": caller.sees_all_tenants,
            "may_write": may_write(caller, chosen), "problem": problem, "followed": self._reading.is_there,
            **self._tried(request, served, caller, chosen), **self._usage_of(caller, chosen, key, list(variants)),
            **_history(request, history(log, caller.evaluates) if log else []),
            "definition": _definition(served, caller, chosen, key),
            "outlived": self._outlived(caller, about, cells), "here": link("flags", key),
        })  # fmt: skip

    def _tried(self, request: Request, served: Served, caller: Caller, chosen: str) -> dict[str, Any]:
        """Who gets what: somebody that the form describes, and every tenant."""
        key, asked, query = request.path_params["key"], subject(request), asked_text(request, "find")
        if not caller.has_tenant(asked.tenant):
            asked = asked._replace(tenant="")
        found = answers(served, caller, key, asked) if asked.is_asked and not asked.problem else []
        tenants = self._known.tenants(caller, chosen) if chosen in served.places else []
        shown = [name for name in tenants if query.casefold() in name.casefold()]
        without = asked._replace(tenant="")
        groups = by_outcome(served, chosen, key, shown, without) if shown and not asked.problem else []
        own = "" if caller.sees_all_tenants else context_for(caller, {}).get("tenant", "")
        return {
            "asked": asked, "answers": found, "tenants": tenants, "groups": groups, "find": query,
            "shown": len(shown), "most": _SHOWN, "own": own, "offered": tenants[:_SHOWN],
        }  # fmt: skip

    def _usage_of(self, caller: Caller, chosen: str, key: str, order: list[str]) -> dict[str, Any]:
        store, now = self._usage, time.time()
        if store is None:
            return {"periods": [], "last": None, "counted": False}
        last = last_of(store, chosen, key) if caller.sees_all_tenants else None
        return {"periods": periods(store, caller, chosen, key, order, now), "last": last, "counted": True}

    def _outlived(self, caller: Caller, about: About, cells: Mapping[str, Cell]) -> list[str]:
        """Why it may have had its day; for who sees what all tenants get."""
        if not caller.sees_all_tenants:
            return []
        last = [last_of(self._usage, name, about.key) for name in cells] if self._usage is not None else []
        now = self._drawing.now()
        end = end_of(about.expires, about.permanent, now.date())
        return reasons(about, end, cells, [each for each in last if each], now)


def may_write(caller: Caller, environment: str) -> bool:
    """Whether a caller may change flags of an environment: who is for some tenants never may."""
    may = {"write", "flags"} <= set(caller.scopes.may)
    return may and caller.sees_all_tenants and caller.evaluates(environment)


def _cells(served: Served, caller: Caller, key: str, told: Mapping[str, Said]) -> dict[str, Cell]:
    names = dict.fromkeys([*served.places, *(name for name in told if caller.evaluates(name))])
    if caller.sees_all_tenants:
        return {name: served.cell(name, key, told.get(name)) for name in names}
    return {name: served.given(name, key, context_for(caller, {})) for name in names}


def _definition(served: Served, caller: Caller, environment: str, key: str) -> str:
    """The flag as flagd reads it. It names tenants, so it is for those who see all of them."""
    place = served.places.get(environment)
    found = place.definition.get(key) if place and caller.sees_all_tenants else None
    return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() if found else ""


def _history(request: Request, commits: list[Change]) -> dict[str, Any]:
    everything = asked_text(request, "history") == "all"
    limit = _MOST if everything else _RECENT
    after = asked_text(request, "after")
    made = next((each for each in commits if _COMMIT.fullmatch(after) and each.commit == after), None)
    return {"commits": commits[:limit], "more": len(commits) > limit, "everything": everything, "made": made}
