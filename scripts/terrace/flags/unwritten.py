"""JsonLogic as the condition that a person would have written, so that it can be said in plain words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from terrace.flags.words import in_words

When = dict[str, Any]

_COMPARED = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "starts_with": "starts_with", "ends_with": "ends_with"}
_GUARD: When = {}
"""What is asked only so that a comparison makes sense: nobody would write it."""


def condition_words(logic: str, holds: bool, *, most: int = 1_000_000) -> str:
    """A condition, JsonLogic written as JSON, in plain words; or its opposite. Of a list `most` values are named."""
    when = _when(json.loads(logic))
    return in_words(_short(when if holds else _opposite(when), most))


def _short(said: Any, most: int) -> Any:
    if isinstance(said, dict):
        return {name: _short(each, most) for name, each in said.items()}
    if isinstance(said, list) and len(said) > most and not any(isinstance(each, dict) for each in said):
        return [*said[:most], f"{len(said) - most:,} more".replace(",", " ")]
    return [_short(each, most) for each in said] if isinstance(said, list) else said


def _when(logic: Any) -> When:
    if not isinstance(logic, dict) or len(logic) != 1:
        return {"jsonlogic": logic}
    ((operator, said),) = logic.items()
    arguments = said if isinstance(said, list) else [said]
    found = _compared(operator, arguments)
    if found is not None:
        return found
    if operator in ("and", "or"):
        parts = [part for part in map(_when, arguments) if part != _GUARD]
        asked = [part for part in parts if not _is_set(part)] or parts[:1]
        return asked[0] if len(asked) == 1 else {"all" if operator == "and" else "any": asked} if asked else _GUARD
    if operator == "!" and len(arguments) == 1:
        inner = _when(arguments[0])
        return _GUARD if inner == _GUARD or _is_mark(arguments[0]) else _opposite(inner)
    return {"jsonlogic": logic}


def _compared(operator: str, arguments: Sequence[Any]) -> When | None:
    """The comparison of one attribute, if it is one."""
    if operator == "var":
        return {str(arguments[0]): {"exists": True}} if arguments else None
    if operator in ("===", "!==") and len(arguments) == 2 and arguments[0] == {"cat": [arguments[1]]}:
        return _GUARD
    if operator == "if" and len(arguments) == 3:
        return _compared("contains", arguments[1]["in"]) if _contains(arguments[1]) else None
    if operator == "in" and len(arguments) == 2 and isinstance(arguments[0], dict) and "cat" in arguments[0]:
        mark, asked, _ = arguments[0]["cat"]
        return {_name(asked): str(arguments[1]).strip(mark).split(mark)} if _name(asked) else None
    if operator == "contains":
        return {_name(arguments[1]): {"contains": arguments[0]}}
    name = _name(arguments[0]) if arguments else ""
    if not name:
        return None
    if operator in ("===", "!==") and len(arguments) == 2:
        if arguments[1] is None:
            return {name: {"exists": operator == "!=="}}
        return {name: {"eq" if operator == "===" else "ne": arguments[1]}}
    if operator == "in" and len(arguments) == 2 and isinstance(arguments[1], list):
        return {name: arguments[1]}
    if operator == "sem_ver" and len(arguments) == 3:
        return {name: {"semver": f"{arguments[1]}{arguments[2]}"}}
    if operator in _COMPARED and len(arguments) == 2:
        return {name: {_COMPARED[operator]: arguments[1]}}
    return None


def _contains(logic: Any) -> bool:
    return isinstance(logic, dict) and "in" in logic and len(logic["in"]) == 2 and bool(_name(logic["in"][1]))


def _name(logic: Any) -> str:
    name = logic.get("var") if isinstance(logic, dict) and len(logic) == 1 else None
    return name if isinstance(name, str) else ""


def _is_set(when: When) -> bool:
    return len(when) == 1 and next(iter(when.values())) == {"exists": True}


def _is_mark(logic: Any) -> bool:
    """Whether it looks for the mark between the names of a list, of which no name has any."""
    said = logic.get("in") if isinstance(logic, dict) else None
    return isinstance(said, list) and len(said) == 2 and isinstance(said[0], str) and len(said[0]) == 1


def _opposite(when: When) -> When:
    if len(when) == 1:
        ((name, said),) = when.items()
        if name == "not":
            return dict(said)
        if isinstance(said, list) and name not in ("all", "any"):
            return {name: {"not_in": said}}
        if isinstance(said, dict) and len(said) == 1:
            ((operator, value),) = said.items()
            if operator in ("eq", "ne"):
                return {name: {"ne" if operator == "eq" else "eq": value}}
            if operator == "exists":
                return {name: {"exists": not value}}
    return {"not": when}
