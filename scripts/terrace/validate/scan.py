"""The leaves of layers that rules on values want to see. Each distinct key and value is matched against rules once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from terrace.model.source import Pointer
from terrace.validate.later import later
from terrace.validate.rule import Rule


class Scan:
    """Which rules on values care for a key and a value, remembered."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = [
            (rule, later(rule.values) if rule.values else None, later(rule.keys) if rule.keys else None)
            for rule in rules
        ]
        coarse = [f"(?:{rule.values})" for rule in rules if rule.values and not rule.keys]
        self._any = later("|".join(coarse) or r"(?!)")
        self._by_name: dict[str, list[tuple[Rule, re.Pattern[str] | None]]] = {}
        self._memo: dict[tuple[str, Any], tuple[Rule, ...]] = {}

    def leaves(self, values: dict[str, Any]) -> Iterator[tuple[Rule, Pointer, Any]]:
        """Every leaf some rule cares for (each item of a list is one), with the rule and the leaf's pointer.

        Numbers are not shown, but for the 0 and 1 of switches: half of all leaves are numbers, and none means anything.
        """
        stack: list[tuple[Pointer, Any, str]] = [((), values, "")]
        while stack:
            pointer, value, name = stack.pop()
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            for key, inner in inside:
                called = key if isinstance(key, str) else name
                if isinstance(inner, dict | list):
                    stack.append(((*pointer, key), inner, called))
                elif inner is not None:
                    for rule in self._rules_for(called, inner):
                        yield rule, (*pointer, key), inner

    def _rules_for(self, name: str, value: Any) -> tuple[Rule, ...]:
        if type(value) in (int, float) and value not in (0, 1):
            return ()
        known = (name, value) if isinstance(value, str) else (name, (type(value), value))
        rules = self._memo.get(known)
        if rules is None:
            rules = self._memo[known] = self._interested(name, value)
        return rules

    def _interested(self, name: str, value: Any) -> tuple[Rule, ...]:
        text = str(value).lower()
        mine = self._by_name.get(name)
        if mine is None:
            mine = [(rule, values) for rule, values, keys in self._rules if keys and keys.search(name.lower())]
            self._by_name[name] = mine
        found = [rule for rule, values in mine if _matches(values, text)]
        if self._any.search(text):
            found += [rule for rule, values, keys in self._rules if not keys and _matches(values, text)]
        return tuple(found)


def _matches(values: re.Pattern[str] | None, text: str) -> bool:
    return values is None or values.search(text) is not None
