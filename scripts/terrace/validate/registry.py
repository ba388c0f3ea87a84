"""All rules, found by looking into the folder `rules/`: a new file there is a new rule.

Rules in `rules/keyed/` are given opened secrets. They run where keys are at hand and somebody asks for it, and are not
imported otherwise; nor are those in `rules/flags/` where there are no flags.
"""

from __future__ import annotations

import importlib
import os
from functools import cache

from terrace.errors import TerraceError
from terrace.validate.rule import Rule

_KEYED = "keyed"
_FLAGS = "flags"


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule on configuration that needs no key, sorted by code."""
    return _rules_in()


@cache
def keyed_rules() -> tuple[Rule, ...]:
    """Every rule on opened secrets, sorted by code."""
    return _rules_in(_KEYED)


@cache
def flag_rules() -> tuple[Rule, ...]:
    """Every rule on flags, sorted by code."""
    return _rules_in(_FLAGS)


def every_rule() -> tuple[Rule, ...]:
    """Every rule there is, sorted by code. Two files with one code are an error of ours."""
    found = (*rules(), *keyed_rules(), *flag_rules())
    _refuse_doubles(found)
    return tuple(sorted(found, key=lambda rule: rule.code))


@cache
def keyed_codes() -> frozenset[str]:
    """The codes of the rules on opened secrets, by the names of their files: none of them is imported."""
    return _codes_in(_KEYED)


def by_code(code: str) -> Rule | None:
    """The rule with a code, or None."""
    code = code.upper()
    known = keyed_rules() if code in keyed_codes() else flag_rules() if code in _codes_in(_FLAGS) else rules()
    return next((rule for rule in known if rule.code == code), None)


def _codes_in(folder: str) -> frozenset[str]:
    return frozenset(name.partition("_")[0].upper() for name in _modules(folder))


def _rules_in(*below: str) -> tuple[Rule, ...]:
    found = []
    for name in _modules(*below):
        module = importlib.import_module(".".join(("terrace.validate.rules", *below, name)))
        rule: Rule = module.check.rule
        found.append(rule._replace(module=module))
    _refuse_doubles(found)
    return tuple(sorted(found, key=lambda rule: rule.code))


def _refuse_doubles(found: list[Rule] | tuple[Rule, ...]) -> None:
    titles: dict[str, str] = {}
    for rule in found:
        if rule.code in titles:
            raise TerraceError(f"two rules have the code {rule.code}: {rule.title}, and {titles[rule.code]}")
        titles[rule.code] = rule.title


def _modules(*below: str) -> list[str]:
    folder = os.path.join(os.path.dirname(__file__), "rules", *below)  # noqa: PTH118, PTH120 - pathlib costs start-up time
    names = sorted(os.listdir(folder))  # noqa: PTH208
    return [name[:-3] for name in names if name.endswith(".py") and not name.startswith("_")]
