"""Whether conditions on one attribute can be so together: tried with values between which they can tell.

A version that is not 2.4.0 or later is not 2.5.0 or later either. Nobody should read of those of whom both is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise, permutations
from typing import Any

from terrace.flags.worlds import attributes_of

_KNOWN = frozenset((
    "===", "!==", "in", "starts_with", "ends_with", "sem_ver", "<", "<=", ">", ">=", "and", "or", "!", "!!", "if",
    "cat", "var", "merge",
))  # fmt: skip
"""Operators of which the values below are enough. Of others everything is taken to be possible."""

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_MOST_TEXTS = 8
_ABSENT = object()
_FAILURES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def is_possible(said: Mapping[str, bool], condition: str) -> bool:
    """Whether there can be a subject of whom all of this is so, or not so. `condition` was added last."""
    names = _names(condition)
    mine = tuple(each for each in said.items() if _names(each[0]) == names)
    return len(names) != 1 or len(mine) < 2 or _together(next(iter(names)), mine)


@lru_cache(maxsize=10_000)
def _names(condition: str) -> frozenset[str]:
    return attributes_of(json.loads(condition))


@lru_cache(maxsize=10_000)
def _together(name: str, said: tuple[tuple[str, bool], ...]) -> bool:
    mine = [(json.loads(text), holds) for text, holds in said]
    if not all(_operators(logic) <= _KNOWN for logic, _ in mine):
        return True
    texts, others = _constants([logic for logic, _ in mine])
    if len(texts) > _MOST_TEXTS and any(_operators(logic) & {"starts_with", "ends_with", "if"} for logic, _ in mine):
        return True
    return any(all(_holds(logic, name, each) == holds for logic, holds in mine) for each in _tried(texts, others))


def _holds(logic: Any, name: str, value: Any) -> bool | None:
    """Whether a condition is so for a value; None where asking fails, so that it is neither."""
    from json_logic import jsonLogic
    from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

    context: Any = {} if value is _ABSENT else value
    for part in reversed(name.split(".")) if value is not _ABSENT else ():
        context = {part: context}
    try:
        return bool(jsonLogic(logic, context, OPERATORS))
    except _FAILURES:
        return None


def _operators(logic: Any) -> set[str]:
    if isinstance(logic, list):
        return set[str]().union(*map(_operators, logic))
    return set(logic).union(*map(_operators, logic.values())) if isinstance(logic, dict) else set()


def _constants(logic: Any) -> tuple[list[str], list[Any]]:
    """The texts that are compared with, also those that stand in one with marks between them; and what is no text."""
    texts: dict[str, None] = {}
    others: list[Any] = []
    ahead = [logic]
    while ahead:
        part = ahead.pop()
        if isinstance(part, dict):
            ahead += [said for operator, said in part.items() if operator != "var"]
        elif isinstance(part, list):
            ahead += part
        elif isinstance(part, str):
            listed = len(part) > 1 and part[0] == part[-1] and not part[0].isalnum()
            texts.update(dict.fromkeys([part, *(part[1:-1].split(part[0]) if listed else ())]))
        elif part is not None:
            others.append(part)
    return list(texts), others


def _tried(texts: list[str], others: list[Any]) -> Iterator[Any]:
    yield from (_ABSENT, "", "\0", True, False, 0, 1, *others)
    numbers = sorted({each for each in others if not isinstance(each, bool)})
    for number in numbers:
        yield from (number - 1, number + 1)
    yield from ((low + high) / 2 for low, high in pairwise(numbers))
    for text in texts:
        yield from (text, f"\0{text}", f"{text}\0", f"\0{text}\0", *_versions(text))
    if len(texts) <= _MOST_TEXTS:
        for size in (2, 3):
            yield from map("".join, permutations(texts, size))


def _versions(text: str) -> Iterator[str]:
    """The versions around one: just before and after it, and where the ranges that it may begin end."""
    found = _VERSION.match(text)
    if not found:
        return
    major, minor, patch = map(int, found.groups())
    yield from ("0.0.0", "0.0.0-0", f"{major}.{minor}.{patch}-0", f"{major}.{minor}.{patch}")
    for more in ((major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0), (major + 2, 0, 0)):
        yield ".".join(map(str, more))
        yield ".".join(map(str, more)) + "-0"
    yield from (f"{major}.{minor}.{max(0, patch - 1)}", f"{major}.{max(0, minor - 1)}.0", f"{max(0, major - 1)}.0.0")
