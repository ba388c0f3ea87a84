"""Conditions and rules in plain words, for people who do not write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "eq": "is",
    "ne": "is not",
    "in": "is",
    "not_in": "is not",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "starts_with": "begins with",
    "ends_with": "ends with",
    "contains": "contains",
}
_SPACED = ("!=", "<=", ">=", "=", "<", ">", "^", "~")


def in_words(when: Mapping[str, Any] | None) -> str:
    """The condition `when` in plain words: "tenant is acme or globex, and appVersion >= 2.4.0"."""
    if not when:
        return "everybody"
    parts = [_entry(key, said) for key, said in when.items()]
    return ", and ".join(parts)


def _entry(key: str, said: object) -> str:
    if key in ("all", "any") and isinstance(said, list):
        return _joined(said, ", and " if key == "all" else ", or ")
    if key == "not" and isinstance(said, Mapping):
        return f"not ({in_words(said)})"
    if key == "segment":
        return f"in segment {_value(said)}"
    if key == "group":
        return f"tenant is in group {_any_of(said)}"
    if key == "ring":
        return f"tenant is in ring {_any_of(said)}"
    if key == "jsonlogic":
        return f"JsonLogic {_json(said)}"
    if isinstance(said, Mapping):
        return ", and ".join(_asked(key, operator, value) for operator, value in said.items())
    return f"{key} is {_any_of(said)}"


def _joined(conditions: list[Any], between: str) -> str:
    parts = [in_words(each) if isinstance(each, Mapping) else _value(each) for each in conditions]
    if len(parts) == 1:
        return parts[0]
    # A comma inside a part would be read as one between the parts.
    return between.join(f"({part})" if ", or " in part or ", and " in part else part for part in parts)


def _asked(name: str, operator: str, value: object) -> str:
    if operator == "exists":
        return f"{name} is {'set' if value else 'not set'}"
    if operator in ("before", "after"):
        return f"{'before' if operator == 'before' else 'from'} {_value(value)}" + (
            " on" if operator == "after" else ""
        )
    if operator == "semver":
        return " and ".join(f"{name} {_range(each)}" for each in str(value).split()) or name
    if operator == "not_in":
        return f"{name} is none of {_any_of(value)}"
    return f"{name} {_WORDS.get(operator, operator)} {_any_of(value)}"


def _range(text: str) -> str:
    for operator in _SPACED:
        if text.startswith(operator) and len(text) > len(operator):
            return f"{operator} {text.removeprefix(operator)}"
    return text


def _any_of(said: object) -> str:
    values = [_value(each) for each in said] if isinstance(said, list) else [_value(said)]
    if len(values) < 2:
        return "".join(values) or "nobody"
    return f"{', '.join(values[:-1])} or {values[-1]}"


def _value(value: object) -> str:
    if isinstance(value, str) and value and value == value.strip() and not set(value) & set(",()"):
        return value
    return _json(value)


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)
