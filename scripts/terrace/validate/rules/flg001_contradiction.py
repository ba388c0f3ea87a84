"""# Flag that says too little, or two things at once

A flag neither expires nor is permanent, or is both; a rule gives no variant, or both one variant and shares; `targeting`
stands beside the rules in whose place it is; or a condition compares with what is no version, moment or text.

**Why.** Nobody can tell what was meant, so nothing would be delivered; and a flag without an end is there for ever.

**Fix.** Say one of the two. `expires` is the day by which the flag is to be gone; a flag that is meant to stay has
`permanent: true`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from terrace.errors import FlagError
from terrace.flags.conditions import Conditions
from terrace.model.flag import Flag, Roster
from terrace.model.source import Pointer
from terrace.validate.flag_places import Condition, Stated, conditions, stated
from terrace.validate.flag_text import FLAG, area, in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

GOOD = (
    Example(area("", flag=FLAG.replace("expires: 2026-12-31", "permanent: true"))),
    Example(in_production("rules:", "  - {when: {app: {semver: '>=2.4.0 <3.0.0'}}, serve: on}")),
    Example(in_production("rules:", "  - {rollout: {on: 20, off: 80}, by: tenant}")),
)
BAD = (
    Example(
        area("", flag=FLAG.replace("    expires: 2026-12-31\n", "")), "flags/shop.yaml:2", "flags.new-menu.expires"
    ),
    Example(area("    permanent: true\n"), "flags/shop.yaml:10", "flags.new-menu.permanent"),
    Example(
        in_production("rules:", "  - name: everybody"),
        "flags/shop.yaml:13",
        "flags.new-menu.environments.production.rules[0]",
    ),
    Example(
        in_production("rules:", "  - {serve: on, rollout: {on: 20, off: 80}}"),
        "flags/shop.yaml:13",
        "flags.new-menu.environments.production.rules[0]",
    ),
    Example(
        in_production("rules: [{serve: on}]", "targeting: {if: [true, on]}"),
        "flags/shop.yaml:13",
        "flags.new-menu.environments.production.targeting",
    ),
    Example(
        in_production("rules:", "  - {when: {app: {semver: newest}}, serve: on}"),
        "flags/shop.yaml:13",
        "flags.new-menu.environments.production.rules[0].when.app",
    ),
)


@rule("FLG001", "flag that says too little, or two things at once", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every flag without an end, every rule and state that contradicts itself, every condition without a meaning."""
    for flag in view.flags:
        yield from _end(flag)
        for each in stated(flag):
            yield from _state(flag, each)
    for condition in conditions(view):
        yield from _meaning(condition, condition.when, condition.pointer)


def _end(flag: Flag) -> Iterator[Hit]:
    if flag.permanent and flag.expires:
        place = (*flag.pointer, "permanent")
        yield Hit(
            f"flag '{flag.key}' is permanent, and expires on {flag.expires}",
            flag.document.at(place),
            place,
            "Take one of them out.",
        )
    elif not flag.permanent and not flag.expires:
        hint = "Give it a day, as expires: 2027-03-31, or permanent: true."
        message = f"flag '{flag.key}' neither expires nor is permanent"
        yield Hit(message, flag.document.at(flag.pointer, key=True), (*flag.pointer, "expires"), hint)


def _state(flag: Flag, each: Stated) -> Iterator[Hit]:
    beside = [name for name in ("rules", "progress") if each.said.get(name)]
    if "targeting" in each.said and beside:
        place = (*each.pointer, "targeting")
        message = f"targeting of flag '{flag.key}' stands in the place of {beside[0]}, and there is {beside[0]} too"
        yield Hit(message, flag.document.at(place, key=True), place, "Keep one of them.")
    for pointer, rule_ in each.rules():
        if bool(rule_.serve) == bool(rule_.rollout):
            says = "both serves a variant and rolls out shares" if rule_.serve else "gives no variant"
            hint = "Say serve: VARIANT, or rollout: {VARIANT: 20, OTHER: 80}."
            yield Hit(f"a rule of flag '{flag.key}' {says}", flag.document.at(pointer), pointer, hint)


def _meaning(condition: Condition, when: Mapping[str, Any], pointer: Pointer) -> Iterator[Hit]:
    for key, said in when.items():
        place = (*pointer, key)
        if key in ("all", "any"):
            for index, each in enumerate(said):
                yield from _meaning(condition, each, (*place, index))
        elif key == "not":
            yield from _meaning(condition, said, place)
        elif key not in ("segment", "group", "ring"):
            try:
                Conditions({}, Roster()).logic({key: said}, condition.document, pointer)
            except FlagError as error:
                message = error.message.removeprefix(f"{condition.document.at(place)}: ")
                yield Hit(message, condition.document.at(place), place, "docs/flags.md says what can be asked.")
