"""YAML as a person would lay it out: what is short stands in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.yamlio.write import dump_flow, dump_scalar

_WIDTH = 100
_ALWAYS_BLOCKS = 3
"""The levels that stand in lines of their own however short they are: `flags`, each flag, and what is said of it."""


def laid_out(values: dict[str, Any]) -> str:
    """`values` as YAML, with a free line before each entry of the second level."""
    return "".join(f"{line}\n" for line in _lines(values, 0, 0))


def _lines(value: Any, indent: int, level: int) -> Iterator[str]:
    space = " " * indent
    for index, (key, inner) in enumerate(value.items() if isinstance(value, dict) else ((None, it) for it in value)):
        name = "-" if key is None else f"{dump_scalar(key)}:"
        flow = dump_flow(inner)
        if level == 1 and index:
            yield ""
        if not inner or not isinstance(inner, dict | list):
            yield f"{space}{name} {flow if isinstance(inner, dict | list) else dump_scalar(inner)}"
        elif level + 1 >= _ALWAYS_BLOCKS and indent + len(name) + len(flow) < _WIDTH:
            yield f"{space}{name} {flow}"
        elif key is None:
            # The first line of what is in the list stands behind the dash.
            first, *others = _lines(inner, indent + 2, level + 1)
            yield f"{space}- {first[indent + 2 :]}"
            yield from others
        else:
            yield f"{space}{name}"
            yield from _lines(inner, indent + 2, level + 1)
