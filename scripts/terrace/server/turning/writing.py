"""A flag is changed for somebody who asked the server: judged, committed or put up for review, and released."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from terrace.asking import book
from terrace.errors import RefusedError, TerraceError, UsageError
from terrace.git import Commit, Git
from terrace.model.findings import Finding, Severity
from terrace.server import audited
from terrace.server.turning.wanted import Wanted, short, tip
from terrace.source.revision import Revision
from terrace.toggle import Action, ConflictError, Toggle, commit, propose
from terrace.toggle.before import state_at
from terrace.toggle.commit import refuse_conflict, repository
from terrace.toggle.work import work_out

VERBS = ("on", "off", "set", "kill", "promote", "restore")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_BEFORE = re.compile(r"[0-9a-f]{7,64}\^?")
_LONGEST = 1000
_RELEASE = 2.0
"""Seconds that an answer waits for the release of what was committed."""

Said = dict[str, Any]


class Releasing(Protocol):
    """What turns commits into releases."""

    def now(self, environment: str, seconds: float) -> bool:
        """Turn what is there now; whether the environment's flags were released within so many seconds."""


class Writer:
    """Changes flags, one after the other."""

    def __init__(self, wanted: Wanted, releasing: Releasing) -> None:
        self._wanted, self._releasing = wanted, releasing
        self._folder = Path(wanted.folder)
        self._alone = threading.Lock()
        self._git = repository(self._folder)

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
        told = {name: answer[name] for name in ("commit", "branch", "url") if answer.get(name)}
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
        with self._alone:
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
        branch = short(self._wanted.ref)
        git = self._git.by(*author)
        found = self._worked_out(git, action)
        if base:
            refuse_conflict(git, found, base, found.commit)
        if found.refused:
            return _refused(found)
        if not found.changes:
            return _done(found.commit, branch, changed=False)
        message = action.message(requested_by=author[0])
        if found.protected:
            return self._proposed(found, message, branch, git)
        made = commit(self._folder, found, message, branch=branch, base=base, git=git)
        return _done(made.commit.oid, made.branch, changed=made.changed)

    def _worked_out(self, git: Git, action: Action) -> Toggle:
        oid = tip(git, self._wanted.ref or "HEAD")
        return work_out(Revision(self._folder.resolve(), git, Commit(oid, "", ""), oid), action, oid)

    def _proposed(self, found: Toggle, message: str, branch: str, git: Git) -> Said:
        made = propose(self._folder, found, message, os.environ, onto=branch, git=git)
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
