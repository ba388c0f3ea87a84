"""JsonLogic, put together so that what is always or never so is folded away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

Expression = dict[str, Any]
"""JsonLogic as flagd reads it: one operation and its arguments."""

Logic = bool | Expression
"""What a condition comes to: always, never, or what must be asked. Only whether it is truthy counts."""

NOW: Expression = {"var": "$flagd.timestamp"}
"""The moment of an evaluation, in seconds since 1970."""

_OPPOSITES = {"===": "!==", "!==": "==="}


def every(parts: Iterable[Logic]) -> Logic:
    """Whether all of `parts` are so."""
    return _joined("and", parts, True)


def some(parts: Iterable[Logic]) -> Logic:
    """Whether any of `parts` is so."""
    return _joined("or", parts, False)


def _joined(operator: str, parts: Iterable[Logic], neutral: bool) -> Logic:
    kept: list[Expression] = []
    for part in parts:
        if isinstance(part, bool):
            if part is not neutral:
                return part
        elif list(part) == [operator] and isinstance(part[operator], list):
            kept += part[operator]
        else:
            kept.append(part)
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else {operator: kept}


def negated(logic: Logic) -> Logic:
    """Whether `logic` is not so."""
    if isinstance(logic, bool):
        return not logic
    operator, arguments = next(iter(logic.items()))
    if operator == "!" and isinstance(arguments, list) and len(arguments) == 1 and isinstance(arguments[0], dict):
        return dict(arguments[0])
    if operator in _OPPOSITES and isinstance(arguments, list) and len(arguments) == 2:
        return {_OPPOSITES[operator]: arguments}
    # NOTE: in a list, since an evaluator may take an operand that comes to a list for all the operands.
    return {"!": [logic]}


def choose(condition: Logic, then: Logic, otherwise: Logic) -> Logic:
    """`then` where `condition` is so, else `otherwise`."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if isinstance(then, bool) and isinstance(otherwise, bool):
        if then is otherwise:
            return then
        return condition if then else negated(condition)
    if isinstance(then, bool):
        return some((condition, otherwise)) if then else every((negated(condition), otherwise))
    if isinstance(otherwise, bool):
        return some((negated(condition), then)) if otherwise else every((condition, then))
    return {"if": [condition, then, otherwise]}


def var(attribute: str) -> Expression:
    """The attribute of the context by that name."""
    return {"var": attribute}


def moment(text: str) -> int:
    """The seconds since 1970 of a moment as RFC 3339 writes it. Raises ValueError for anything else."""
    said = datetime.fromisoformat(text)
    if said.tzinfo is None:
        raise ValueError("the offset from UTC is missing")
    return int(said.timestamp())
