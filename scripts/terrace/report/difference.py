"""Two effective configs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.explain import Change
from terrace.model.layers import EffectiveConfig
from terrace.model.source import dotted, json_pointer
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.report.values import compact
from terrace.report.words import count

Sides = tuple[EffectiveConfig, EffectiveConfig]


def difference_text(sides: Sides, changes: Sequence[Change], style: Style = PLAIN) -> str:
    """A row for each leaf that differs, and a line that counts them."""
    left, right = sides
    if not changes:
        return f"{left.target} and {right.target} are the same.\n"
    columns = (Column("path", whole=True), Column(str(left.target)), Column(str(right.target)))
    rows = [
        (dotted(change.pointer), _cell(change.left, change.in_left), _cell(change.right, change.in_right))
        for change in changes
    ]
    return table(columns, rows, style) + style.paint("dim", f"\n{count(len(changes), 'value')} differ\n")


def difference_json(sides: Sides, changes: Sequence[Change], style: Style = PLAIN) -> str:
    """The same for programs; a side where the value is not set is left out."""
    import json

    rows = [
        {
            "path": dotted(change.pointer),
            "pointer": json_pointer(change.pointer),
            **({"left": change.left} if change.in_left else {}),
            **({"right": change.right} if change.in_right else {}),
        }
        for change in changes
    ]
    said = {"version": 1, "left": str(sides[0].target), "right": str(sides[1].target), "changes": rows}
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _cell(value: object, present: bool) -> str:
    return compact(value) if present else "-"
