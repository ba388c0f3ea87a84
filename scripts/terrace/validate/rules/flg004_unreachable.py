"""# Rule that nobody reaches

A rule stands after one that is for everybody, asks what an earlier rule asked, or has a condition that is never so: a
group or ring without a tenant in the environment.

**Why.** It looks as if it did something. Rules are asked in their order, and the first that fits is taken.

**Fix.** Move it up, or take it out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from terrace.errors import FlagError
from terrace.flags.conditions import Conditions
from terrace.flags.logic import Logic
from terrace.model.findings import Related, Severity
from terrace.model.flag import Flag, FlagRule, Roster
from terrace.model.source import Pointer
from terrace.validate.flag_places import Stated, asks_for_tenants, reach, stated
from terrace.validate.flag_text import in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

_STATE = "flags.new-menu.environments.production"
GOOD = (
    Example(in_production("rules:", "  - {when: {plan: pro}, serve: on}", "  - {rollout: {on: 20, off: 80}, by: tenant}", "  - {serve: off}")),
    Example(in_production("rules:", "  - {when: {group: gold}, serve: on}")),
)  # fmt: skip
BAD = (
    Example(
        in_production("rules:", "  - {serve: on}", "  - {when: {plan: pro}, serve: off}"),
        "flags/shop.yaml:14",
        f"{_STATE}.rules[1]",
    ),
    Example(
        in_production("rules:", "  - {when: {plan: pro}, serve: on}", "  - {when: {plan: pro}, serve: off}"),
        "flags/shop.yaml:14",
        f"{_STATE}.rules[1]",
    ),
    Example(
        {
            "tenants/zen/tenant.yaml": "services: [app]\nenvironments: [staging]\nring: early\n",
            **in_production("rules:", "  - {when: {ring: early}, serve: on}"),
        },
        "flags/shop.yaml:13",
        f"{_STATE}.rules[0]",
    ),
)
_EVERYBODY = "everybody"


@rule("FLG004", "rule that nobody reaches", on="flags", severity=Severity.WARNING)
def check(view: FlagsView) -> Iterator[Hit]:
    """Every rule, and every growing share, that an earlier rule leaves nobody for, or that is for nobody at all."""
    conditions = _Conditions(view)
    for flag in view.flags:
        for each in stated(flag):
            yield from _of(flag, each, conditions)


class _Conditions:
    """What conditions come to in the environments that a state is for, worked out where it is asked."""

    def __init__(self, view: FlagsView) -> None:
        self._view = view
        self._segments = {segment.name: segment for segment in view.segments}
        self._has_tenants = asks_for_tenants(view)
        self._known: dict[str, Conditions] = {}

    def of(self, flag: Flag, environment: str, rule_: FlagRule, pointer: Pointer) -> set[str]:
        """What a rule's condition comes to: `everybody`, `nobody` or something else, in each of the environments."""
        if rule_.when is None:
            return {_EVERYBODY}
        names = reach(self._view, flag, environment)
        return {self._word(self._logic(name, flag, rule_, pointer)) for name in names}

    def _word(self, logic: Logic) -> str:
        return {True: _EVERYBODY, False: "nobody"}[logic] if isinstance(logic, bool) else "some"

    def _logic(self, environment: str, flag: Flag, rule_: FlagRule, pointer: Pointer) -> Logic:
        if environment not in self._known:
            roster = self._view.rosters.of(environment) if self._has_tenants else Roster()
            self._known[environment] = Conditions(self._segments, roster)
        try:
            return self._known[environment].logic(rule_.when or {}, flag.document, (*pointer, "when"))
        except FlagError:
            return {}  # what it names is not there, which is another mistake


def _of(flag: Flag, each: Stated, conditions: _Conditions) -> Iterator[Hit]:
    seen: dict[str, Pointer] = {}
    for pointer, rule_ in each.rules():
        comes_to = conditions.of(flag, each.environment, rule_, pointer)
        asked = _EVERYBODY if comes_to == {_EVERYBODY} else json.dumps(rule_.when, sort_keys=True)
        if comes_to == {"nobody"}:
            message = f"a rule of flag '{flag.key}' is for nobody in {each.environment}"
            yield Hit(message, flag.document.at(pointer), pointer, "Its condition is never so. Take the rule out.")
            continue
        earlier = _taken(seen, asked, rule_.by if rule_.rollout else "")
        if earlier:
            yield _hit(flag, f"a rule of flag '{flag.key}' is reached by nobody", pointer, earlier)
        elif rule_.serve:
            seen[asked] = pointer
        else:
            seen[f"{asked} by {rule_.by}"] = pointer
    progress = each.state.progress
    if progress and ("progress" in each.said or "rules" in each.said):
        earlier = _taken(seen, _EVERYBODY, progress.by)
        if earlier:
            pointer = (*each.pointer, "progress")
            yield _hit(flag, f"the progress of flag '{flag.key}' is reached by nobody", pointer, earlier)


def _taken(seen: dict[str, Pointer], asked: str, by: str) -> Pointer | None:
    """The earlier rule that takes everybody whom this one asks for. Shares take only those who have their attribute."""
    keys = [_EVERYBODY, asked, *((f"{_EVERYBODY} by {by}", f"{asked} by {by}") if by else ())]
    return next((seen[key] for key in keys if key in seen), None)


def _hit(flag: Flag, message: str, pointer: Pointer, earlier: Pointer) -> Hit:
    related = (Related(flag.document.at(earlier), "this one takes all of them"),)
    return Hit(message, flag.document.at(pointer), pointer, "Move it up, or take it out.", related)
