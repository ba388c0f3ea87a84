"""# Shares that are not 100 per cent

The shares of a rollout do not come to 100, or there is only one of them.

**Why.** The evaluators take shares for parts of their sum: 20 and 60 are 25 and 75 per cent, and nobody who reads the
file would say so.

**Fix.** Let them come to 100. A single variant is served: `serve: on`. A share of nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.validate.flag_places import stated
from terrace.validate.flag_text import in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

_STATE = "flags.new-menu.environments.production"
GOOD = (Example(in_production("rules:", "  - rollout: {on: 1, off: 99}")),)
BAD = (
    Example(in_production("rules:", "  - rollout: {on: 20, off: 60}"), "flags/shop.yaml:13", f"{_STATE}.rules[0].rollout"),
    Example(in_production("rules:", "  - rollout: {on: 100}"), "flags/shop.yaml:13", f"{_STATE}.rules[0].rollout"),
    Example(in_production("rules:", "  - rollout: {on: 20.0, off: 80}"), "flags/shop.yaml:13", f"{_STATE}.rules[0].rollout"),
)  # fmt: skip


@rule("FLG005", "shares that are not 100 per cent", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every rollout whose shares are not whole numbers that come to 100, or that has only one."""
    for flag in view.flags:
        for each in stated(flag):
            for pointer, rule_ in each.rules():
                said = each.said["rules"][pointer[-1]].get("rollout")
                if not said:
                    continue
                whole = sum(rule_.rollout.values())
                if len(said) != len(rule_.rollout):
                    message, hint = "are not whole numbers", "Write 20, not 20.0."
                elif whole != 100:
                    message, hint = f"come to {whole}, not to 100", "Let them come to 100."
                elif len(said) == 1:
                    message, hint = "are a single one", f"Write serve: {next(iter(said))}."
                else:
                    continue
                place = (*pointer, "rollout")
                yield Hit(f"the shares of flag '{flag.key}' {message}", flag.document.at(place), place, hint)
