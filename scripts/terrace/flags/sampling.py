"""How subjects move between two definitions of a flag, where only trying tells: many are asked of the evaluator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from terrace.flags.worlds import attributes_of

SUBJECTS = 20_000
"""So many are tried, always the same ones. A share is right to within 0.7 % then, in 19 of 20 cases."""

_ASKED = ("===", "==", "!==", "!=", "in", "starts_with", "ends_with", "sem_ver", "<", "<=", ">", ">=")

Definition = Mapping[str, Any]


def sampled(
    key: str, sides: Sequence[Definition | None], tenant: str = "", count: int = SUBJECTS
) -> dict[tuple[str | None, str | None], Fraction]:
    """The share of the subjects by what they get before and after. None: the application's own default."""
    from terrace.flags.evaluator import FlagSet

    asks = [FlagSet({"flags": {key: side} if side else {}}) for side in sides]
    counted: Counter[tuple[str | None, str | None]] = Counter()
    for context in subjects(sides, tenant, count):
        before, after = (each.resolve(key, context).variant or None for each in asks)
        counted[before, after] += 1
    return {pair: Fraction(number, count) for pair, number in counted.items()}


def subjects(sides: Sequence[Definition | None], tenant: str = "", count: int = SUBJECTS) -> Iterator[dict[str, Any]]:
    """Made-up subjects. Of three, two have a value of their own for an attribute, or one that the flag asks for."""
    targetings = [side.get("targeting") for side in sides if side]
    names = sorted(attributes_of(targetings) - {"", "targetingKey", "tenant"})
    values = {name: [None, *dict.fromkeys(_compared(targetings, name))] for name in names}
    for number in range(count):
        context: dict[str, Any] = {"targetingKey": f"subject-{number}", "tenant": tenant or f"tenant-{number}"}
        for at, name in enumerate(names):
            # Which of the values it is has nothing to do with what another attribute is.
            chosen = number // 3 ** (at + 1) + number
            known = values[name][chosen % len(values[name])]
            value = known if known is not None and number // 3**at % 3 else f"{name}-{number}"
            _put(context, name, value)
        yield context


def _put(context: dict[str, Any], name: str, value: Any) -> None:
    first, dot, rest = name.partition(".")
    if dot and isinstance(context.setdefault(first, {}), dict):
        _put(context[first], rest, value)
    else:
        context[first] = value


def _compared(logic: Any, name: str) -> Iterator[Any]:
    """The values with which an attribute is compared."""
    if isinstance(logic, list):
        for each in logic:
            yield from _compared(each, name)
    elif isinstance(logic, dict):
        for operator, said in logic.items():
            arguments = said if isinstance(said, list) else [said]
            if operator in _ASKED and any(attributes_of(each) == {name} for each in arguments):
                for each in arguments:
                    items = each if isinstance(each, list) else [each]
                    yield from (item for item in items if isinstance(item, str | int | float))
            yield from _compared(said, name)
