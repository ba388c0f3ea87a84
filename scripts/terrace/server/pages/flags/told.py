"""What the process that follows the repository tells of flags, as pages use it. What it leaves out is empty here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Said = Mapping[str, Any]
"""An answer, or a part of one."""


class Rule(NamedTuple):
    """A rule in words: its name, whom it is for, and what they get."""

    name: str
    whom: str
    gets: str


class State(NamedTuple):
    """A flag in an environment, as it is written. `default` is None for the application's own.

    `override` is the moment until which it is killed at the server alone; empty where it is not.
    """

    enabled: bool
    killed: bool
    default: str | None
    protected: bool
    rules: tuple[Rule, ...]
    override: str


class Move(NamedTuple):
    """What a commit made of a flag in an environment, in words."""

    environment: str
    before: str
    after: str


class Change(NamedTuple):
    """A commit that changed a flag; `before` is the one that it came after."""

    commit: str
    before: str
    time: str
    author: str
    subject: str
    reason: str
    moves: tuple[Move, ...]
    revertible: bool

    def touches(self, environment: str) -> bool:
        """Whether it changed anything in an environment."""
        return any(move.environment == environment for move in self.moves)


def state(said: Said) -> State:
    """A state."""
    default = said.get("default")
    rules = tuple(Rule(*(_text(each, name) for name in Rule._fields)) for each in _maps(said.get("rules")))
    return State(
        bool(said.get("enabled")), bool(said.get("kill")), default if isinstance(default, str) else None,
        bool(said.get("protected")), rules, _text(said, "override"),
    )  # fmt: skip


def history(said: Said, may_see: Callable[[str], bool]) -> list[Change]:
    """The changes of a flag, the newest first: what each did in environments that may be seen, if it did it in any."""
    found = []
    for each in _maps(said.get("commits")):
        environments: Said = each.get("environments") or {}
        moves = tuple(
            Move(name, _text(move, "before"), _text(move, "after"))
            for name, move in environments.items()
            if may_see(name)
        )
        if moves or not environments:
            commit, before, time, author, subject, reason = (_text(each, name) for name in _TEXTS)
            found.append(Change(commit, before, time, author, subject, reason, moves, bool(each.get("revertible"))))
    return found


_TEXTS = ("commit", "before", "time", "author", "subject", "reason")


def _maps(said: object) -> list[Said]:
    return [each for each in said if isinstance(each, Mapping)] if isinstance(said, Sequence) else []


def _text(said: Said, name: str) -> str:
    return str(said.get(name) or "")
