"""The story of each value: who won, who was shadowed, what the default is, which variable could override it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terrace.explain import Explained
from terrace.layering import ORDER
from terrace.model.entities import Environment
from terrace.model.layers import Contribution, Target
from terrace.model.source import Location, dotted, json_pointer
from terrace.report.cells import cut
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.report.values import compact

_COLUMNS = (Column(whole=True), Column(whole=True, role="dim"), Column(whole=True, role="dim"), Column())


def explained_text(
    target: Target, found: Sequence[Explained], environment: Environment, style: Style = PLAIN, order: bool = False
) -> str:
    """Each value with its layers, strongest first. `order` prints the precedence of layers at the end."""
    blocks = [_block(item, environment, style) for item in found]
    head = style.paint("dim", f"{target}: {len(found)} values\n\n") if len(found) > 1 else ""
    return head + "\n".join(blocks) + (_order(style) if order else "")


def explained_json(target: Target, found: Sequence[Explained]) -> str:
    """The same for programs: one object a value, by its JSON Pointer."""
    import json

    values = [
        {
            "path": dotted(item.pointer),
            "pointer": json_pointer(item.pointer),
            "value": item.value,
            "default": item.is_default,
            "sealed": _place(item.sealed) if item.sealed else None,
            "layers": [_layer(said) for said in item.contributions],
            "variable": {"name": item.variable, "named_in_contract": item.variable_named} if item.variable else None,
        }
        for item in found
    ]
    return json.dumps({"version": 1, "target": str(target), "values": values}, indent=2, ensure_ascii=False) + "\n"


def _layer(said: Contribution) -> dict[str, Any]:
    return {"layer": said.layer.name, **_place(said.location), "value": said.value, "removes": said.value is None}


def _place(location: Location) -> dict[str, Any]:
    span = location.span
    return {"path": location.path, "line": span.line if span else None, "column": span.column if span else None}


def _block(item: Explained, environment: Environment, style: Style) -> str:
    name = dotted(item.pointer)
    title = f"{style.paint('strong', name)} = {cut(compact(item.value), max(20, style.width - len(name) - 3))}"
    rows = [("wins", "sealed", str(item.sealed), "")] if item.sealed else []
    for said in item.contributions:
        wins = not rows and said.value is not None
        what = "wins" if wins else "removes" if said.value is None else "shadowed"
        rows.append((what, said.layer.name, str(said.location), "" if said.value is None else compact(said.value)))
    if item.field is not None and item.field.has_default:
        rows.append(("wins" if item.is_default else "shadowed", "default", "the contract", compact(item.field.default)))
    elif item.is_default:
        rows.append(("wins", "default", "the contract", compact(item.value)))
    if item.variable:
        allowed = item.variable_named or not environment.protected
        rows.append(("could" if allowed else "may not", "variable", item.variable, ""))
    return f"{title}\n{table(_COLUMNS, rows, style, indent=2)}"


def _order(style: Style) -> str:
    lines = [f"  {number}  {name:<12} {what}\n" for number, (name, what) in enumerate(ORDER, 1)]
    return style.paint("dim", "\nPrecedence, weakest first:\n" + "".join(lines).rstrip("\n")) + "\n"
