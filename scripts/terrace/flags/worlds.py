"""Who gets what of a flag, case by case: the conditions that tell subjects apart, and the buckets they fall into.

A case is what is said of conditions that nothing is known of. Within one, a subject's answer follows from its buckets:
each key to split by is a hash of 32 bits, of which every value is as likely as another. Shares are whole numbers of
those values, so what is said of them is exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from terrace.flags.outcomes import Known, outcomes

SPACE = 2**32
"""How many values a bucket has, in every flagd."""

Buckets = tuple[tuple[str, int, int], ...]
"""For each key to split by, as JSON, the first value and the end of those that a subject may have; sorted."""

_MOST_WEIGHT = 2**31 - 1
_CHOICES = ("if", "?:")


class UnclearError(Exception):
    """What a flag comes to cannot be taken apart: it has to be tried."""


class OpenError(Exception):
    """A condition that nothing is known of yet."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


class Asked(NamedTuple):
    """What is known of a subject: of every one, and which conditions (as JSON) are so or not so in this case.

    `splits` is given each split that is met, as its key (JSON) and weights.
    """

    known: Known
    said: Mapping[str, bool]
    splits: set[tuple[str, tuple[int, ...]]]


def answers(
    definition: Mapping[str, Any] | None, asked: Asked, within: Buckets
) -> Iterator[tuple[Buckets, str | None]]:
    """The variants of a flag, which flagd reads as `definition`, with the buckets in which each is the answer.

    None for the application's own default; also where there is no such flag. Raises OpenError where a condition has to
    be decided first, UnclearError where nothing can be said.
    """
    if definition is None or definition.get("state") == "DISABLED":
        yield within, None
        return
    variants, default = definition.get("variants", {}), definition.get("defaultVariant")
    for buckets, value in _values(definition.get("targeting") or None, asked, within):
        name = default if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if name and name not in variants:
            raise UnclearError
        yield buckets, name or None


def share(buckets: Buckets) -> Fraction:
    """Which part of all subjects falls into these buckets."""
    found = Fraction(1)
    for _, start, end in buckets:
        found *= Fraction(end - start, SPACE)
    return found


def attributes_of(logic: Any) -> frozenset[str]:
    """The attributes that are asked for anywhere in JsonLogic, but for the moment and the flag's own key."""
    return frozenset(name for name in _variables(logic) if not name.startswith("$flagd"))


def _variables(logic: Any) -> Iterator[str]:
    if isinstance(logic, list):
        for each in logic:
            yield from _variables(each)
    elif isinstance(logic, dict):
        for operator, said in logic.items():
            name = said[0] if isinstance(said, list) and said else said
            if operator == "var" and isinstance(name, str):
                yield name
            elif operator == "fractional" and isinstance(said, list) and said and isinstance(said[0], list):
                yield "targetingKey"
            yield from _variables(said)


def _splits(logic: Any) -> bool:
    """Whether a bucket is asked for anywhere in it."""
    if isinstance(logic, list):
        return any(_splits(each) for each in logic)
    return isinstance(logic, dict) and ("fractional" in logic or any(_splits(each) for each in logic.values()))


def _operation(logic: Any) -> tuple[str, list[Any]]:
    ((operator, said),) = logic.items()
    return operator, said if isinstance(said, list) else [said]


def _values(logic: Any, asked: Asked, within: Buckets) -> Iterator[tuple[Buckets, Any]]:
    if not isinstance(logic, dict) or len(logic) != 1:
        if isinstance(logic, list | dict):
            raise UnclearError
        yield within, logic
        return
    operator, said = _operation(logic)
    if operator in _CHOICES:
        yield from _chosen(said, asked, within)
    elif operator == "fractional":
        yield from _split(said, asked, within)
    elif _splits(logic):
        yield from _applied(operator, said, asked, within)
    else:
        yield within, _constant(logic, asked)


def _constant(logic: Any, asked: Asked) -> Any:
    found = outcomes(logic, asked.known)
    if found.fails or found.values is None or len(found.values) != 1:
        raise UnclearError
    return found.values[0]


def _chosen(said: Sequence[Any], asked: Asked, within: Buckets) -> Iterator[tuple[Buckets, Any]]:
    if len(said) < 2:
        yield from _values(said[0] if said else None, asked, within)
        return
    for buckets, holds in _truths(said[0], asked, within):
        if holds:
            yield from _values(said[1], asked, buckets)
        else:
            yield from _chosen(said[2:], asked, buckets)


def _applied(operator: str, said: Sequence[Any], asked: Asked, within: Buckets) -> Iterator[tuple[Buckets, Any]]:
    """flagd's own operator, for each combination of what its arguments are."""
    from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

    if operator not in ("===", "!==", "==", "!=", "in", "!", "!!"):
        raise UnclearError
    found: list[tuple[Buckets, list[Any]]] = [(within, [])]
    for each in said:
        literal = isinstance(each, list) and not _variables_or_operations(each)
        found = [
            (more, [*values, value])
            for buckets, values in found
            for more, value in ([(buckets, each)] if literal else _values(each, asked, buckets))
        ]
    for buckets, values in found:
        yield buckets, OPERATORS[operator]({}, *values)


def _variables_or_operations(said: Sequence[Any]) -> bool:
    return any(isinstance(each, list | dict) for each in said)


def _truths(logic: Any, asked: Asked, within: Buckets) -> Iterator[tuple[Buckets, bool]]:
    if not isinstance(logic, dict) or len(logic) != 1:
        yield within, bool(logic)
        return
    operator, said = _operation(logic)
    if operator in ("and", "or"):
        said = _grouped(operator, [each for each in said if each is not (operator == "and")])
        logic = said[0] if len(said) == 1 else {operator: said}
        if not isinstance(logic, dict):
            yield within, bool(logic)
            return
        operator, said = _operation(logic)
    found = outcomes({"if": [logic, True, False]}, asked.known)
    if found.fails or found.values is None:
        raise UnclearError
    if len(found.values) == 1:
        yield within, bool(found.values[0])
    elif not _splits(logic) and (len(attributes_of(logic)) == 1 or operator not in ("and", "or", "!", *_CHOICES)):
        yield within, _said(logic, asked)
    elif operator in ("and", "or"):
        yield from _all_or_any(operator, said, asked, within)
    elif operator in ("!", "!!") and len(said) == 1:
        for buckets, holds in _truths(said[0], asked, within):
            yield buckets, holds == (operator == "!!")
    elif operator in _CHOICES and len(said) > 1:
        for buckets, holds in _truths(said[0], asked, within):
            rest = said[1] if holds else {"if": said[2:]} if len(said) > 3 else said[2] if len(said) > 2 else False
            yield from _truths(rest, asked, buckets)
    else:
        for buckets, value in _values(logic, asked, within):
            yield buckets, bool(value)


def _said(logic: Any, asked: Asked) -> bool:
    condition = json.dumps(logic)
    if condition not in asked.said:
        raise OpenError(condition)
    return asked.said[condition]


def _all_or_any(operator: str, parts: Sequence[Any], asked: Asked, within: Buckets) -> Iterator[tuple[Buckets, bool]]:
    if not parts:
        yield within, operator == "and"
        return
    for buckets, holds in _truths(parts[0], asked, within):
        if holds == (operator == "and"):
            yield from _all_or_any(operator, parts[1:], asked, buckets)
        else:
            yield buckets, holds


def _grouped(operator: str, parts: Sequence[Any]) -> list[Any]:
    """`parts`, those of one attribute together: what guards a comparison is no condition of its own."""
    grouped: dict[frozenset[str] | int, list[Any]] = {}
    for at, part in enumerate(parts):
        names = attributes_of(part)
        grouped.setdefault(at if _splits(part) or len(names) != 1 else names, []).append(part)
    return [found[0] if len(found) == 1 else {operator: found} for found in grouped.values()]


def _split(said: Sequence[Any], asked: Asked, within: Buckets) -> Iterator[tuple[Buckets, Any]]:
    """Each share with the buckets that are its own; where the key is known, the one into which it falls."""
    key, shares = _key(said, asked)
    if key is None:
        yield within, None
        return
    weights = [_weight(each, asked) for each in shares]
    total = sum(weights)
    if not 0 < total <= _MOST_WEIGHT:
        yield within, None
        return
    if not _is_open(key, asked):
        yield from _values(shares[fallen(_constant(key, asked), weights)][0], asked, within)
        return
    ends = [0]
    for weight in weights:
        ends.append(ends[-1] + weight)
    # A value h is in the bucket h * total >> 32: those of a share begin at its start, times 2^32, divided, rounded up.
    edges = [-(-end * SPACE // total) for end in ends]
    name = json.dumps(key)
    asked.splits.add((name, tuple(weights)))
    low, high = next(((start, end) for each, start, end in within if each == name), (0, SPACE))
    rest = [part for part in within if part[0] != name]
    for each, (first, last) in zip(shares, pairwise(edges), strict=True):
        start, end = max(first, low), min(last, high)
        if start < end:
            yield from _values(each[0], asked, tuple(sorted([*rest, (name, start, end)])))


def fallen(key: Any, weights: Sequence[int]) -> int:
    """Which share a key that is known falls into, as flagd's own operator says."""
    from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

    if not isinstance(key, str):
        raise UnclearError
    return int(OPERATORS["fractional"]({}, key, *([str(at), weight] for at, weight in enumerate(weights))))


def _key(said: Sequence[Any], asked: Asked) -> tuple[Any, Sequence[Any]]:
    """What subjects are told apart by, and the shares. No key: the subject has none."""
    if not said or not all(isinstance(each, list) and 1 <= len(each) <= 2 for each in said[1:]):
        raise UnclearError
    if not isinstance(said[0], list):
        return said[0], said[1:]
    # flagd's shorthand: the flag's own key, and the targeting key. Without that nobody is in.
    named = {"var": "targetingKey"}
    return ([{"var": "$flagd.flagKey"}, named], said) if _said_or_known(named, asked) else (None, said)


def _said_or_known(logic: Any, asked: Asked) -> bool:
    return next(holds for _, holds in _truths(logic, asked, ()))


def _is_open(key: Any, asked: Asked) -> bool:
    found = outcomes(key, asked.known)
    if found.values is not None and len(found.values) == 1 and not found.fails:
        return False
    if found.fails or not (found.text or isinstance(key, list)):
        raise UnclearError
    return True


def _weight(each: Sequence[Any], asked: Asked) -> int:
    weight = 1 if len(each) == 1 else _constant(each[1], asked)
    if isinstance(weight, bool) or not isinstance(weight, int):
        raise UnclearError
    return max(0, weight)
