"""A flag is changed for somebody who asked the server: judged, committed or put up for review, and released."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from terrace.asking import book
from terrace.errors import GitError, RefusedError, TerraceError, UsageError
from terrace.git import Git
from terrace.git.advance import Tip
from terrace.git.push import DeclinedError
from terrace.model.findings import Finding, Severity
from terrace.server import audited
from terrace.server.turning.overrides import Overrides
from terrace.server.turning.remote import Remote, remote_of
from terrace.server.turning.wanted import Wanted, short, tip
from terrace.toggle import Action, ConflictError, Toggle, commit, propose, refuse
from terrace.toggle.before import state_at
from terrace.toggle.commit import at_commit, refuse_conflict, repository

VERBS = ("on", "off", "set", "kill", "promote", "restore")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_BEFORE = re.compile(r"[0-9a-f]{7,64}\^?")
_LONGEST = 1000
_RELEASE = 2.0
"""Seconds that an answer waits for the release of what was committed."""
_KILL = 5.0
"""Seconds that a remote has to take a kill, before that counts without it."""

Said = dict[str, Any]


class Releasing(Protocol):
    """What turns commits into releases."""

    def ring(self) -> None:
        """Look soon."""

    def now(self, environment: str, seconds: float) -> bool:
        """Turn what is there now; whether the environment's flags were released within so many seconds."""


class Writer:
    """Changes flags, one after the other."""

    def __init__(self, wanted: Wanted, releasing: Releasing, overrides: Overrides) -> None:
        self._wanted, self._releasing, self._overrides = wanted, releasing, overrides
        self._folder = Path(wanted.folder)
        self.alone = threading.Lock()
        """Held while something is written."""

    @cached_property
    def _git(self) -> Git:
        return repository(self._folder)

    @cached_property
    def _remote(self) -> Remote | None:
        return remote_of(self._git, self._wanted.ref)

    def toggle(self, request: Mapping[str, Any]) -> Said:
        """Do what was asked for, and what came of it; each is audited."""
        try:
            answer = self._toggled(request)
        except ConflictError as error:
            answer = {"status": 409, "detail": error.message, "difference": error.difference, "commit": error.commit}
        except UsageError as error:
            answer = {"status": 422 if self._has(request) else 404, "detail": _whole(error), "findings": []}
        except RefusedError as error:
            answer = {"status": 422, "detail": _whole(error), "findings": []}
        except TerraceError as error:
            answer = {"status": 503, "detail": _whole(error)}
        told = {name: answer[name] for name in ("commit", "branch", "url", "override") if answer.get(name)}
        if answer["status"] != 200:
            told["detail"] = answer["detail"]
        audited.write(Path(self._wanted.own), _outcome(answer), request, **told)
        return answer

    def _toggled(self, request: Mapping[str, Any]) -> Said:
        environment, base = _text(request, "environment"), _text(request, "base")
        if environment not in self._wanted.environments:
            return {"status": 403, "detail": f"This server releases nothing to {environment or 'no environment'}."}
        if base and not _COMMIT.fullmatch(base):
            return {"status": 422, "detail": "base: no commit is called so.", "findings": []}
        with self.alone:
            answer = self._written(self._action(request), base, _author(request))
        if answer.get("changed") and not answer["proposed"]:
            answer["released"] = self._releasing.now(environment, _RELEASE)
        return answer

    def _has(self, request: Mapping[str, Any]) -> bool:
        """Whether there is such a flag."""
        try:
            return request.get("flag") in book(self._folder, at=self._wanted.ref or "HEAD").flags.flags
        except (TerraceError, TypeError):
            return True

    def _written(self, action: Action, base: str, author: tuple[str, str]) -> Said:
        git, remote = self._git.by(*author), self._remote
        branch = remote.branch if remote else short(self._wanted.ref)
        found = self._worked_out(git, action, base)
        if found.refused:
            return _refused(found)
        if not found.changes:
            return _done(found.commit, branch, changed=False)
        message = action.message(requested_by=author[0])
        if found.protected:
            return self._proposed(found, message, branch, git)
        if remote is not None:
            return self._pushed(found, message, base, git, remote, author)
        made = commit(self._folder, found, message, branch=branch, base=base, git=git)
        return _done(made.commit.oid, made.branch, changed=made.changed)

    def _worked_out(self, git: Git, action: Action, base: str) -> Toggle:
        found = at_commit(self._folder, git, tip(git, self._wanted.ref or "HEAD"), action)
        if base:
            refuse_conflict(git, found, base, found.commit)
        return found

    def _pushed(
        self, found: Toggle, message: str, base: str, git: Git, remote: Remote, author: tuple[str, str]
    ) -> Said:
        action, kills = found.action, found.action.verb == "kill"
        known: list[Toggle] = [found]

        def again() -> Toggle:
            # The first time it is worked out already.
            now = known.pop() if known else self._worked_out(git, action, base)
            refuse(now)
            return now

        try:
            oid, changed = remote.push(git, again, message, *((_KILL,) if kills else ()))
        except GitError as problem:
            if not kills and isinstance(problem, DeclinedError):
                return self._proposed(found, message, remote.branch, git)
            if not kills:
                raise
            made = self._overrides.add(action.flag, action.environment, " ".join(action.reason.split()), author)
            return {
                **_done(found.commit, remote.branch, changed=True), "override": made.expires, "problem": _whole(problem)
            }  # fmt: skip
        return _done(oid, remote.branch, changed=changed)

    def _proposed(self, found: Toggle, message: str, branch: str, git: Git) -> Said:
        remote = self._remote
        at = Tip(branch, found.commit, here=False) if remote else None
        made = propose(
            self._folder, found, message, os.environ, onto=branch, git=git, at=at, remote=remote.name if remote else ""
        )  # fmt: skip
        answer = _done(made.commit.oid, made.branch, changed=True, proposed=True)
        answer["released"] = False
        if made.url:
            answer["url"] = made.url
        if made.problem:
            answer["problem"] = _whole(made.problem)
        return answer

    def _action(self, request: Mapping[str, Any]) -> Action:
        verb: Any = request.get("verb")
        if verb not in VERBS:
            raise UsageError(f"verb: one of {', '.join(VERBS)}")
        flag, environment = _text(request, "flag"), _text(request, "environment")
        action = Action(
            verb, flag, environment,
            rule=_text(request, "rule"), reason=_text(request, "reason"), source=_text(request, "source"),
            day=datetime.now(UTC).date().isoformat(),
        )  # fmt: skip
        if verb == "set":
            variant = None if request.get("variant", "") is None else _text(request, "variant")
            return action._replace(variant=variant, rollout=_rollout(request))
        if verb == "restore":
            revision = _text(request, "revision")
            if not _BEFORE.fullmatch(revision):
                raise UsageError("revision: no commit is called so")
            block = state_at(self._folder, revision, flag, environment)
            return action._replace(revision=self._git.resolve(revision).oid, block=block)
        return action


def _done(oid: str, branch: str, *, changed: bool, proposed: bool = False) -> Said:
    return {
        "status": 200, "commit": oid, "branch": branch, "changed": changed, "released": not changed,
        "proposed": proposed,
    }  # fmt: skip


def _refused(found: Toggle) -> Said:
    errors = [_finding(each) for each in found.findings if each.severity is Severity.ERROR]
    return {"status": 422, "detail": "The edit is not made, for what it brings.", "findings": errors}


def _finding(finding: Finding) -> Said:
    where = str(finding.location)
    return {"code": finding.code, "at": where, "message": finding.message, "hint": finding.hint}


def _outcome(answer: Said) -> str:
    if answer["status"] == 200:
        if "override" in answer:
            return "overridden"
        return "proposed" if answer["proposed"] else "committed" if answer["changed"] else "unchanged"
    return {403: "forbidden", 404: "unknown", 409: "conflict", 422: "refused"}.get(answer["status"], "failed")


def _author(request: Mapping[str, Any]) -> tuple[str, str]:
    """Name and address of who asked; where nobody knows the address, one that leads nowhere."""
    actor = request.get("actor")
    said = actor if isinstance(actor, Mapping) else {}
    name = " ".join(re.sub(r"[\x00-\x1f\x7f<>]", " ", str(said.get("name") or "")).split())[:200] or "somebody"
    email = re.sub(r"[\x00-\x20\x7f<>]", "", str(said.get("email") or ""))[:200]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "somebody"
    return name, email or f"{slug}@terrace.invalid"


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name, "")
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        raise UsageError(f"{name}: a text of at most {_LONGEST} characters")
    return value


def _rollout(request: Mapping[str, Any]) -> dict[str, int]:
    said = request.get("rollout") or {}
    right = isinstance(said, Mapping) and all(
        isinstance(weight, int) and not isinstance(weight, bool) and 0 <= weight <= 1_000_000
        for weight in said.values()
    )
    if not right:
        raise UsageError("rollout: whole numbers by variant")
    return dict(said)


def _whole(error: TerraceError) -> str:
    said = error.message[:1].upper() + error.message[1:].rstrip(".") + "."
    return f"{said} {error.hint}".strip()
