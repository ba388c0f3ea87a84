"""The leaves of layers that rules on values want to see. Each distinct key and value is matched against rules once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from terrace.model.source import Pointer
from terrace.validate.rule import Rule


class Scan:
    """Which rules on values care for a key and a value, remembered."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = [
            (rule, re.compile(rule.values, re.I) if rule.values else None, re.compile(rule.keys, re.I))
            for rule in rules
        ]
        self._memo: dict[tuple[str, Any], tuple[Rule, ...]] = {}

    def leaves(self, values: dict[str, Any]) -> Iterator[tuple[Rule, Pointer, Any]]:
        """Every leaf some rule cares for (each item of a list is one), with the rule and the leaf's pointer."""
        memo = self._memo
        stack: list[tuple[Pointer, Any, str]] = [((), values, "")]
        while stack:
            pointer, value, name = stack.pop()
            if isinstance(value, dict):
                stack.extend([((*pointer, key), inner, key) for key, inner in value.items()])
            elif isinstance(value, list):
                stack.extend([((*pointer, index), inner, name) for index, inner in enumerate(value)])
            elif value is not None:
                key = (name, value) if isinstance(value, str) else (name, (type(value), value))
                rules = memo.get(key)
                if rules is None:
                    rules = memo[key] = self._interested(name, value)
                for rule in rules:
                    yield rule, pointer, value

    def _interested(self, name: str, value: Any) -> tuple[Rule, ...]:
        text = value if isinstance(value, str) else str(value).lower()
        return tuple(
            rule
            for rule, values, keys in self._rules
            if (values is None or values.search(text)) and (not keys.pattern or keys.search(name))
        )
