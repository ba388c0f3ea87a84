"""What flagd definitions share by `$evaluators`, put where it is referred to.

Evaluators do that on the text of the definition, and stumble over references between evaluators and over letters that
JSON escapes. So nothing of ours has any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 100


class UnknownError(ValueError):
    """A reference leads nowhere, or round in a circle."""


def expanded(logic: Any, shared: Mapping[str, Any], way: tuple[str, ...] = ()) -> Any:
    """`logic` with what it refers to in the place of each `$ref`."""
    if isinstance(logic, list):
        return [expanded(each, shared, way) for each in logic]
    if not isinstance(logic, dict):
        return logic
    name = logic.get("$ref")
    if len(logic) != 1 or not isinstance(name, str):
        return {key: expanded(each, shared, way) for key, each in logic.items()}
    if name not in shared:
        raise UnknownError(f"it refers to {name!r}, which is not among $evaluators")
    if name in way or len(way) > _DEEPEST:
        raise UnknownError(f"$evaluators go round in a circle: {' refers to '.join((*way, name))}")
    return expanded(shared[name], shared, (*way, name))
