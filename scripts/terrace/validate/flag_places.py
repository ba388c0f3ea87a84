"""Where things stand in the files of flags, for rules that look at each of a kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from terrace.flags.named import named
from terrace.flags.states import reached
from terrace.model.flag import Flag, FlagRule, FlagState
from terrace.model.source import Document, Pointer
from terrace.validate.rule import FlagsView

WARNING_DAYS = 14
"""Days before its end at which a flag is spoken of."""

GRACE = 30
"""Days after its end for which that is a warning only."""


class Stated(NamedTuple):
    """A state of a flag in an environment, or one of its schedule: what it comes to, and what is written there."""

    environment: str
    state: FlagState
    said: Mapping[str, Any]
    pointer: Pointer

    def rules(self) -> Iterator[tuple[Pointer, FlagRule]]:
        """The rules that are written there: a schedule's entry may leave them as they are."""
        for index, rule in enumerate(self.state.rules if "rules" in self.said else ()):
            yield (*self.pointer, "rules", index), rule


class Condition(NamedTuple):
    """A condition as it is written. `flag` is None for that of a segment."""

    when: Mapping[str, Any]
    document: Document
    pointer: Pointer
    flag: Flag | None = None
    environment: str = ""


def stated(flag: Flag) -> Iterator[Stated]:
    """Every state of a flag, each followed by those of its schedule."""
    environments = written(flag)["environments"] if flag.states else {}
    for name, state in flag.states.items():
        said = environments[name]
        pointer: Pointer = (*flag.pointer, "environments", name)
        yield Stated(name, state, said, pointer)
        for index, (_, later) in enumerate(state.schedule):
            yield Stated(name, later, said["schedule"][index], (*pointer, "schedule", index))


def written(flag: Flag) -> dict[str, Any]:
    """What the file says of a flag."""
    said: dict[str, Any] = flag.document.value["flags"][flag.key]
    return said


def conditions(view: FlagsView) -> Iterator[Condition]:
    """Every condition of segments and of rules."""
    for segment in view.segments:
        yield Condition(segment.when, segment.document, (*segment.pointer, "when"))
    for flag in view.flags:
        for each in stated(flag):
            for pointer, rule in each.rules():
                if rule.when is not None:
                    yield Condition(rule.when, flag.document, (*pointer, "when"), flag, each.environment)


def asks_for_tenants(view: FlagsView) -> bool:
    """Whether a condition stands for tenants of the environment: groups and rings do."""
    return any(each.kind in ("group", "ring") for condition in conditions(view) for each in named(condition.when))


def reach(view: FlagsView, flag: Flag, environment: str) -> list[str]:
    """The environments for which a state is written."""
    return reached(flag, environment, view.repository.environments)


def overdue(view: FlagsView) -> Iterator[tuple[Flag, int]]:
    """Every flag with an end, and the days that have passed since; less than 0 before it."""
    for flag in view.flags:
        if flag.expires and not flag.permanent:
            yield flag, (view.today - date.fromisoformat(flag.expires)).days
