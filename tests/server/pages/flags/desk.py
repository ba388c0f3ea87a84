"""A repository with flags beside a server: it answers as the process that follows one, and releases what it commits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from terrace.asking import FlagBook, book, definition
from terrace.errors import TerraceError
from terrace.flags.standing import served, standing
from terrace.flags.states import named_for
from terrace.flags.words import in_words
from terrace.model.flag import Flag
from terrace.server.pages.flags.known import Said
from terrace.server.problems import ProblemError
from terrace.toggle import Action, ConflictError, commit, propose, toggle
from terrace.toggle.commit import repository

Release = Callable[[Mapping[str, Any], str, str], None]


class Desk:
    """Answers for the repository at `folder`. `release` gets each environment's definition, its name and the commit."""

    def __init__(self, folder: Path, release: Release, environments: tuple[str, ...]) -> None:
        self.folder, self._release, self._environments = folder, release, environments
        self.asked: list[Mapping[str, Any]] = []
        self.away = False

    async def ask(self, request: Mapping[str, Any]) -> Said:
        """What the process would answer."""
        self.asked.append(request)
        if self.away:
            raise ProblemError(503, "The process that follows the repository is away.")
        try:
            return {"list": self._list, "show": self._show, "history": self._history, "toggle": self._toggle}[
                str(request["do"])
            ](request)
        except ConflictError as error:
            detail = {"detail": error.message, "difference": error.difference, "commit": error.commit}
            return {"status": 409, **detail}
        except TerraceError as error:
            return {"status": 422, "detail": error.message, "findings": []}

    def release(self) -> None:
        """Release what is committed."""
        flags = book(self.folder, at="main")
        for name in self._environments:
            self._release(definition(flags, name), name, flags.commit)

    def _list(self, _: Mapping[str, Any]) -> Said:
        flags = book(self.folder, at="main")
        listed = [_said(flags, flag) for flag in flags.flags.flags.values()]
        return {"status": 200, "commit": flags.commit, "follows": "main", "flags": listed}

    def _show(self, request: Mapping[str, Any]) -> Said:
        flags = book(self.folder, at="main")
        flag = flags.flags.flags.get(request["flag"])
        if flag is None:
            return {"status": 404, "detail": "There is no such flag."}
        return {"status": 200, "commit": flags.commit, "follows": "main", **_said(flags, flag)}

    def _history(self, request: Mapping[str, Any]) -> Said:
        git = repository(self.folder)
        lines = git.run("log", "--format=%H%x00%ct%x00%an%x00%s%x00%b%x1e", "main").decode().split("\x1e")
        commits = [each.strip("\n").split("\0") for each in lines if each.strip()]
        found = []
        for oid, time, author, subject, body in commits:
            moves = dict(self._moves(oid, str(request["flag"])))
            if moves:
                reason = "" if body.startswith("Flag:") else body.strip().split("\n")[0]
                found.append({
                    "commit": oid, "time": _iso(time), "author": author, "subject": subject, "reason": reason,
                    "environments": moves, "revertible": oid != commits[-1][0],
                })  # fmt: skip
        return {"status": 200, "commits": found[: request["limit"]]}

    def _moves(self, oid: str, key: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        after = book(self.folder, at=oid)
        try:
            before = book(self.folder, at=f"{oid}^").flags.flags.get(key)
        except TerraceError:
            before = None
        for name in after.ordered():
            words = [standing(flag, name, after.environments) for flag in (before, after.flags.flags.get(key))]
            if words[0] != words[1]:
                yield name, {"before": words[0], "after": words[1]}

    def _toggle(self, request: Mapping[str, Any]) -> Said:
        fields = ("flag", "environment", "variant", "rule", "rollout", "source", "reason")
        verb = "promote" if request["verb"] == "restore" else request["verb"]
        action = Action(verb, **{name: request[name] for name in fields if name in request})
        found = toggle(self.folder, action, at="main")
        os.environ["GIT_AUTHOR_NAME"] = request["actor"]["name"]
        message = action.message(action.reason) + f"Requested-by: {request['actor']['name']}\n"
        if found.protected:
            made = propose(self.folder, found, message, {}, onto="main")
            return {"status": 200, "commit": made.commit.oid, "branch": made.branch, "proposed": True, "changed": True}
        done = commit(self.folder, found, message, branch="main", base=request["base"])
        self.release()
        said = {"commit": done.commit.oid, "branch": "main", "changed": done.changed, "released": True}
        return {"status": 200, "proposed": False, **said}


def _said(flags: FlagBook, flag: Flag) -> dict[str, Any]:
    plain = ("key", "type", "kind", "owner", "description", "created", "expires", "permanent", "tags", "off_variant")
    return {
        **{name: getattr(flag, name) for name in plain}, "links": dict(flag.links), "variants": dict(flag.variants),
        "requires": [each._asdict() for each in flag.requires], "at": str(flag.document.at(flag.pointer)),
        "environments": {name: _state(flags, flag, name) for name in flags.ordered()},
    }  # fmt: skip


def _state(flags: FlagBook, flag: Flag, name: str) -> dict[str, Any]:
    takes = named_for(flag, name, flags.environments)
    state = flag.states.get(takes)
    words = standing(flag, name, flags.environments)
    protected = flags.environments[name].protected
    if state is None:
        return {"state": "absent", "words": words, "takes": "", "enabled": False, "kill": False, "reason": "",
                "default": flag.off_variant, "rules": [], "protected": protected}  # fmt: skip
    word = "killed" if state.kill else "off" if not state.enabled else "mixed" if state.rules else str(state.default)
    rules = [{"name": each.name, "whom": in_words(each.when), "gets": served(each)} for each in state.rules]
    return {
        "state": word if word in ("killed", "off", "mixed") else "off" if state.default == "off" else "on",
        "words": words, "takes": takes, "enabled": state.enabled, "kill": state.kill, "reason": state.reason,
        "default": state.default, "rules": rules, "protected": protected,
    }  # fmt: skip


def _iso(seconds: str) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(seconds), UTC).isoformat()
