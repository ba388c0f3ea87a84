"""All rules, found by looking into the folder `rules/`: a new file there is a new rule."""

from __future__ import annotations

import importlib
import os
from functools import cache

from terrace.errors import TerraceError
from terrace.validate.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, sorted by code. Two files with one code are an error of ours."""
    found: dict[str, Rule] = {}
    folder = os.path.join(os.path.dirname(__file__), "rules")  # noqa: PTH118, PTH120 - pathlib costs start-up time
    for name in sorted(os.listdir(folder)):  # noqa: PTH208
        if not name.endswith(".py") or name.startswith("_"):
            continue
        module = importlib.import_module(f"terrace.validate.rules.{name[:-3]}")
        rule: Rule = module.check.rule
        if rule.code in found:
            raise TerraceError(f"two rules have the code {rule.code}: {name} and {found[rule.code].title}")
        found[rule.code] = rule._replace(module=module)
    return tuple(found[code] for code in sorted(found))


def by_code(code: str) -> Rule | None:
    """The rule with a code, or None."""
    return next((rule for rule in rules() if rule.code == code.upper()), None)
