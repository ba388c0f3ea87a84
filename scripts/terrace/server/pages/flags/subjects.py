"""What a form says about somebody, and what they, and every tenant, get of a flag."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.requests import Request

from terrace.server.callers import Caller
from terrace.server.pages.flags.cells import Cell
from terrace.server.pages.flags.known import Served, context_for
from terrace.server.pages.lists import asked_text

_LONGEST = 2000
_MOST = 30


class Subject(NamedTuple):
    """Somebody, as the form says it: `more` has a line `name = value` for each other attribute."""

    person: str
    tenant: str
    more: str

    @property
    def is_asked(self) -> bool:
        """Whether anything was said."""
        return bool(self.person or self.tenant or self.more)

    @property
    def problem(self) -> str:
        """What cannot be understood of it; empty where all can be."""
        lines = self.more.splitlines()
        bad = next((line for line in lines if line.strip() and not line.partition("=")[0].strip()), "")
        if not bad:
            bad = next((line for line in lines if line.strip() and "=" not in line), "")
        return f"Write each attribute as name = value. This line is none: {bad[:80]}" if bad else ""

    def context(self) -> dict[str, Any]:
        """The context that it comes to. A value that is JSON is that, as `3` and `true`; any other is a text."""
        said: dict[str, Any] = {}
        for line in self.more.splitlines()[:_MOST]:
            name, equals, value = line.partition("=")
            if name.strip() and equals:
                said[name.strip()] = _value(value.strip())
        if self.person:
            said["targetingKey"] = self.person
        if self.tenant:
            said["tenant"] = self.tenant
        return said


class Answer(NamedTuple):
    """What somebody gets in an environment, and why, in a sentence."""

    cell: Cell
    variant: str
    why: str


class Group(NamedTuple):
    """The tenants that get the same."""

    cell: Cell
    tenants: list[str]


def subject(request: Request) -> Subject:
    """What the URL says of somebody."""
    return Subject(
        asked_text(request, "person"), asked_text(request, "tenant"),
        request.query_params.get("more", "").strip()[:_LONGEST],
    )  # fmt: skip


def answers(served: Served, caller: Caller, key: str, asked: Subject) -> list[Answer]:
    """What somebody gets, environment by environment."""
    found = []
    for name, place in served.places.items():
        resolution = place.flags.set.resolve(key, context_for(caller, asked.context()))
        cell = served.given(name, key, context_for(caller, asked.context()))
        found.append(Answer(cell, resolution.variant, resolution.error or _WHY.get(resolution.reason, "")))
    return found


_WHY = {
    "STATIC": "It is the same for everybody here.",
    "TARGETING_MATCH": "A rule is for them.",
    "DEFAULT": "No rule is for them.",
    "DISABLED": "It is killed.",
}


def by_outcome(served: Served, environment: str, key: str, tenants: Sequence[str], asked: Subject) -> list[Group]:
    """The tenants of an environment by what they get; who asks has the attributes of `asked`, and its own tenant.

    Without a person each tenant is one, as on the command line: shares by person are told apart by something.
    """
    found: dict[tuple[str, str], Group] = {}
    for name in tenants:
        context = {"targetingKey": name, **asked.context(), "tenant": name}
        cell = served.given(environment, key, context)
        found.setdefault((cell.state, cell.label), Group(cell, [])).tenants.append(name)
    return sorted(found.values(), key=lambda each: (-len(each.tenants), each.cell.label))


def _value(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    # What JSON of ours cannot say (NaN) is the text that it is.
    return text if isinstance(found, float) and not math.isfinite(found) else found
