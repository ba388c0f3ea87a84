"""A flag is changed: first asked whether it is meant, with what it is now; then done, put up for review, or refused.

The form carries the commit that was looked at. Where somebody else changed the same meanwhile, nothing is done: what
they changed is shown, and whoever still means it says so again, of what is there now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from terrace.server import audited
from terrace.server.callers import Caller
from terrace.server.door import Repository
from terrace.server.pages import reach
from terrace.server.pages.door import SESSION
from terrace.server.pages.drawing import Drawing, link
from terrace.server.pages.flags.cells import Cell
from terrace.server.pages.flags.known import Known
from terrace.server.pages.flags.one import may_write
from terrace.server.pages.flags.repository import NONE
from terrace.server.pages.flags.told import Said, state
from terrace.server.pages.posted import NOT_OURS, fields_of, is_ours
from terrace.server.pages.sessions import Session, Sessions
from terrace.server.problems import ProblemError

CHANGE = "/change-flag"
VERBS = ("on", "off", "set", "kill", "promote", "restore")
_NOBODYS = "Changing flags is for who signed in with a token that has the rights flags and write, for all tenants."
_SHARE = "share."
_OWN = "(own)"
"""What stands in a form for the application's own default; no variant is named so."""

_KNOWN = (200, 403, 409, 422)


class Wanted(NamedTuple):
    """What somebody wants of a flag, as a form or an address says it; `base` is the commit that they looked at."""

    do: str
    flag: str
    environment: str
    variant: str
    rule: str
    rollout: Mapping[str, str]
    source: str
    revision: str
    reason: str
    base: str

    @property
    def back(self) -> str:
        """The page of the flag."""
        return link("flags", self.flag, environment=self.environment)

    def request(self, caller: Caller) -> dict[str, Any]:
        """The same, as the process that does it is asked."""
        said: dict[str, Any] = {
            "do": "toggle", "verb": self.do, "flag": self.flag, "environment": self.environment,
            "reason": self.reason, "base": self.base, "actor": {"name": caller.name},
        }  # fmt: skip
        if self.do == "set":
            said |= self._set()
        if self.do == "promote":
            said["source"] = self.source
        if self.do == "restore":
            said["revision"] = self.revision
        return said

    def _set(self) -> dict[str, Any]:
        said: dict[str, Any] = {"rule": self.rule} if self.rule else {}
        if len(self.rollout) == 1:
            return {**said, "variant": next(iter(self.rollout))}
        if self.rollout:
            return {**said, "rollout": {name: int(share) for name, share in self.rollout.items()}}
        return {**said, "variant": None if self.variant == _OWN else self.variant}


class Problem(NamedTuple):
    """Why nothing was done, and what somebody else changed."""

    detail: str
    findings: Sequence[str] = ()
    difference: Sequence[tuple[str, str]] = ()


class Changing:
    """The page that asks, and does."""

    def __init__(
        self, known: Known, repository: Repository | None, own: Path | None, drawing: Drawing, sessions: Sessions
    ) -> None:
        self._known, self._repository, self._own = known, repository, own
        self._drawing, self._sessions = drawing, sessions

    def routes(self) -> list[Route]:
        """/change-flag."""
        return [Route(CHANGE, self.ask, methods=["GET"]), Route(CHANGE, self.do, methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        """Whether it is meant."""
        said = request.query_params
        if not said:
            return RedirectResponse("/flags", 303, {"Cache-Control": "no-store"})
        wanted = _wanted(dict(said))
        self._session(request, wanted)
        return await self._form(request, wanted)

    async def do(self, request: Request) -> Response:
        """Do it."""
        fields = await fields_of(request)
        wanted = _wanted(fields)
        try:
            session = self._session(request, wanted)
            if not is_ours(request, self._sessions, session.name, fields):
                raise ProblemError(403, NOT_OURS)
        except ProblemError:
            # What reaches the process is audited there.
            if self._own is not None:
                audited.write(self._own, "forbidden", wanted.request(reach.caller_of(request)))
            raise
        problem = _unsaid(wanted)
        if problem:
            return await self._form(request, wanted, Problem(problem), 422)
        answer = await self._asked(wanted.request(reach.caller_of(request)))
        status = int(answer.get("status", 503))
        if status == 200:
            return self._done(request, wanted, answer)
        if status not in _KNOWN:
            raise ProblemError(status if status in (404, 503) else 503, str(answer.get("detail", "")))
        return await self._form(request, wanted, _problem(answer), status)

    def _session(self, request: Request, wanted: Wanted) -> Session:
        """The session of whoever may do it."""
        caller = reach.caller_of(request)
        session: Session | None = request.scope.get(SESSION)
        if session is None or not may_write(caller, wanted.environment):
            raise ProblemError(403, _NOBODYS)
        return session

    async def _asked(self, request: Mapping[str, Any]) -> Said:
        if self._repository is None:
            raise ProblemError(404, NONE)
        return await self._repository.ask(request)

    async def _form(
        self, request: Request, wanted: Wanted, problem: Problem | None = None, status: int = 200
    ) -> Response:
        caller = reach.caller_of(request)
        answer = await self._asked({"do": "show", "flag": wanted.flag})
        if answer.get("status") != 200:
            raise ProblemError(int(answer.get("status", 503)), str(answer.get("detail", "")))
        flag = answer.get("flag", answer)
        told: Mapping[str, Said] = flag["environments"]
        if wanted.environment not in told:
            raise ProblemError(404, "There is no such environment, or it is not for you.")
        served = self._known.served(caller)
        cells = {name: served.cell(name, wanted.flag, said) for name, said in told.items() if caller.evaluates(name)}
        session: Session = request.scope[SESSION]
        now = state(told[wanted.environment])
        return self._drawing.page(request, "flags/change.html", {
            "wanted": wanted, "problem": problem, "cells": cells, "cell": cells[wanted.environment],
            "state": now, "base": answer.get("commit", ""), "variants": _variants(flag),
            "rules": [rule for rule in now.rules if rule.name],
            "source": wanted.source or _before(cells, wanted.environment), "own": _OWN, "share": _SHARE,
            "form_token": self._sessions.form_token(session.name),
        }, status)  # fmt: skip

    def _done(self, request: Request, wanted: Wanted, answer: Said) -> Response:
        if not answer.get("proposed") and answer.get("changed", True):
            where = link("flags", wanted.flag, environment=wanted.environment, after=answer.get("commit", ""))
            return RedirectResponse(where, 303, {"Cache-Control": "no-store"})
        return self._drawing.page(request, "flags/changed.html", {
            "wanted": wanted, "proposed": bool(answer.get("proposed")), "commit": str(answer.get("commit") or ""),
            "branch": str(answer.get("branch") or ""), "url": str(answer.get("url") or ""),
        })  # fmt: skip


def _wanted(said: Mapping[str, str]) -> Wanted:
    """What is wanted. Raises a problem for what is no change of a flag."""
    texts = {name: said.get(name, "").strip() for name in Wanted._fields if name != "rollout"}
    if texts["do"] not in VERBS or not texts["flag"] or not texts["environment"]:
        raise ProblemError(400, "It is not said what is to be done, of which flag and where.")
    shares = {name.removeprefix(_SHARE): text.strip() for name, text in said.items() if name.startswith(_SHARE)}
    rollout = {name: text for name, text in shares.items() if text.strip("0")} if texts["variant"] == _SHARE else {}
    return Wanted(**texts, rollout=rollout)


def _unsaid(wanted: Wanted) -> str:
    """What is missing; empty if nothing is."""
    if wanted.do == "kill" and not wanted.reason:
        return "Say why it is killed: it stands in the file, and in the commit."
    if wanted.do == "set" and not (wanted.variant or wanted.rollout):
        return "Say what they are to get."
    if wanted.do == "set" and wanted.variant == _SHARE:
        if not wanted.rollout:
            return "Say how much each variant is to have."
        if not all(text.isascii() and text.isdigit() and len(text) < 7 for text in wanted.rollout.values()):
            return "Shares are whole numbers, from 0 on."
    return ""


def _problem(answer: Said) -> Problem:
    findings = [_finding(each) for each in answer.get("findings") or () if isinstance(each, Mapping)]
    return Problem(str(answer.get("detail", "")), findings, _lines(str(answer.get("difference") or "")))


def _finding(said: Said) -> str:
    parts = (str(said.get(name) or "") for name in ("code", "at", "message", "hint"))
    code, at, message, hint = parts
    return f"{code} {at}: {message}. {hint}".strip().rstrip(".") + "."


def _lines(difference: str) -> list[tuple[str, str]]:
    """The lines of a difference, each with what it is: `gone`, `come` or nothing of both."""
    kinds = {"-": "gone", "+": "come"}
    lines = difference.splitlines()
    return [(kinds.get(line[:1], ""), line) for line in lines if not line.startswith(("---", "+++"))]


def _variants(flag: Said) -> list[str]:
    return [str(name) for name in flag.get("variants") or ()]


def _before(cells: Mapping[str, Cell], environment: str) -> str:
    """The environment from which one promotes to another: the one before it."""
    names = list(cells)
    index = names.index(environment)
    return names[index - 1] if index else next((name for name in names if name != environment), "")
