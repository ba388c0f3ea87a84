"""The state of a flag as a chain: whom is asked about first, what they get, and what everybody else gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd
from typing import Any, NamedTuple

from terrace.flags.conditions import Conditions, SenselessError, refused, seconds
from terrace.flags.logic import NOW, Expression, Logic, every, var
from terrace.model.flag import Flag, FlagRule, FlagState, Progress
from terrace.model.source import Pointer

MOST_WEIGHT = 2**31 - 1
"""What all weights of a split may come to together, in every flagd."""

Outcome = str | Expression | None
"""A variant; None for the application's own default; or JsonLogic that comes to one of these."""


class Branch(NamedTuple):
    """Who gets what: those for whom `when` is so, unless an earlier branch was for them."""

    when: Logic
    outcome: Outcome


class Chain(NamedTuple):
    """Branches in their order, and what those get whom none is for.

    `raw` is JsonLogic that was written by hand, and stands for the branches.
    """

    branches: tuple[Branch, ...]
    otherwise: str | None
    raw: Expression | None = None


def chain_of(flag: Flag, state: FlagState, conditions: Conditions, pointer: Pointer) -> Chain:
    """The chain of `state`, which stands at `pointer`. Raises FlagError where it names what is not there."""
    if not state.enabled:
        return Chain((), _variant(flag, flag.off_variant, (*flag.pointer, "off_variant")))
    otherwise = None if state.default is None else _variant(flag, state.default, (*pointer, "default"))
    if state.targeting is not None:
        return Chain((), otherwise, dict(state.targeting))
    branches: list[Branch] = []
    for branch in _branches(flag, state, conditions, pointer, otherwise):
        if branch.when is True and (branch.outcome is None or isinstance(branch.outcome, str)):
            return Chain(tuple(branches), branch.outcome)
        if branch.when is not False:
            branches.append(branch)
    return Chain(tuple(branches), otherwise)


def _branches(
    flag: Flag, state: FlagState, conditions: Conditions, pointer: Pointer, otherwise: str | None
) -> Iterator[Branch]:
    for index, rule in enumerate(state.rules):
        yield _rule(flag, rule, conditions, (*pointer, "rules", index))
    if state.progress is not None:
        yield from _progress(flag, state.progress, (*pointer, "progress"), otherwise)


def _rule(flag: Flag, rule: FlagRule, conditions: Conditions, pointer: Pointer) -> Branch:
    when = True if rule.when is None else conditions.logic(rule.when, flag.document, (*pointer, "when"))
    if rule.serve:
        return Branch(when, _variant(flag, rule.serve, (*pointer, "serve")))
    shares = {_variant(flag, name, (*pointer, "rollout", name)): weight for name, weight in rule.rollout.items()}
    if not any(shares.values()) or min(shares.values()) < 0 or sum(shares.values()) > MOST_WEIGHT:
        raise refused(flag.document, (*pointer, "rollout"), "a rule serves a variant, or has weights above 0")
    return Branch(every((when, var(rule.by))), split(flag, rule.by, shares.items()))


def split(flag: Flag, by: str, shares: Iterable[tuple[str | None, int | Expression]]) -> Outcome:
    """The variant of a subject where each gets its share of those whom the attribute `by` tells apart.

    It is asked only of subjects that have the attribute: the others would all be one subject.
    """
    kept = [[variant, weight] for variant, weight in shares if weight != 0]
    if all(variant == kept[0][0] for variant, _ in kept):
        only = kept[0][0]
        return only if isinstance(only, str) else None
    # The key is spelled out: flagd's shorthand depends on the flag's key, and falls elsewhere once it is inlined.
    return {"fractional": [{"cat": [flag.salt or flag.key, "/", var(by)]}, *kept]}


def _progress(flag: Flag, said: Progress, pointer: Pointer, otherwise: str | None) -> Iterator[Branch]:
    """What a growing share comes to: after its end, and between start and end. Before, nobody has it."""
    variant = _variant(flag, said.variant, (*pointer, "variant"))
    if variant == otherwise:
        return
    try:
        start, end = seconds(said.start), seconds(said.end)
    except SenselessError as error:
        raise refused(flag.document, pointer, str(error)) from None
    if end <= start or not (0 <= said.first <= 100 and 0 <= said.last <= 100):
        raise refused(flag.document, pointer, "a progress ends after its start, and its shares lie between 0 and 100")
    final: list[tuple[str | None, int | Expression]] = [(variant, said.last), (otherwise, 100 - said.last)]
    yield Branch(every(({">=": [NOW, end]}, var(said.by))), split(flag, said.by, final))
    step = gcd(said.first, said.last, 100)
    if 100 // step * (end - start) > MOST_WEIGHT:
        raise refused(
            flag.document, pointer, "a progress as long as this needs shares that divide by 5, 10, 20, 25, 50 or 100"
        )
    growing = _weight(said.first // step, said.last // step, start, end)
    rest = _weight((100 - said.first) // step, (100 - said.last) // step, start, end)
    moving = split(flag, said.by, [(variant, growing), (otherwise, rest)])
    yield Branch(every(({">=": [NOW, start]}, var(said.by))), moving)


def _weight(first: int, last: int, start: int, end: int) -> int | Expression:
    """The share that is `first` at the start and `last` at the end, times the length: whole numbers without division.

    A weight that is not an integer is no weight to an evaluator.
    """
    length, slope = end - start, abs(last - first)
    if not slope:
        return first * length
    moved: Expression = {"-": [NOW, start] if last > first else [end, NOW]}
    if slope > 1:
        moved = {"*": [slope, moved]}
    least = min(first, last) * length
    return {"+": [moved, least]} if least else moved


def _variant(flag: Flag, name: str, pointer: Pointer) -> str:
    if name not in flag.variants:
        known = ", ".join(flag.variants)
        raise refused(flag.document, pointer, f"flag {flag.key!r} has no variant {name!r}; it has {known or 'none'}")
    return name


def arguments(chain: Chain, default: str | object | None) -> list[Any]:
    """`chain` as the arguments of an `if`: condition, outcome, and so on; the rest last, where it is not `default`.

    No argument: everybody gets the default. One: JsonLogic, or the variant of everybody.
    """
    if chain.raw:
        if chain.otherwise in (None, default):
            # What comes to nothing means the default, which is None or said outside.
            return [chain.raw]
        return [{"!==": [chain.raw, None]}, chain.raw, chain.otherwise]
    said: list[Any] = [part for branch in chain.branches for part in branch]
    return said if chain.otherwise == default else [*said, chain.otherwise]


def outcome(said: list[Any]) -> Outcome:
    """What the arguments of an `if` come to."""
    if not said:
        return None
    only: Outcome = said[0]
    return only if len(said) == 1 else {"if": said}
