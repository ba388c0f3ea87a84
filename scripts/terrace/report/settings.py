"""Every layer that sets a key, grouped by the value it sets."""

from __future__ import annotations

import json
from collections.abc import Sequence

from terrace.model.source import Location, Pointer, dotted
from terrace.report.style import PLAIN, Style
from terrace.report.values import compact
from terrace.report.words import count
from terrace.views import Setting


def settings_text(service: str, pointer: Pointer, found: Sequence[Setting], style: Style = PLAIN) -> str:
    """The values, the most frequent first, with the places that set them."""
    name = f"{dotted(pointer)} of {service}"
    if not found:
        return f"No layer sets {name}.\n"
    lines = [f"{style.paint('strong', name)} is set in {count(len(found), 'place')}.\n"]
    for value, places in _by_value(found):
        removes = " (removes what it inherits)" if value == "null" else ""
        lines.append(f"\n{style.paint('strong', value)}{removes}  {style.paint('dim', count(len(places), 'place'))}\n")
        lines += [f"  {place}\n" for place in places]
    return "".join(lines)


def settings_json(service: str, pointer: Pointer, found: Sequence[Setting], style: Style = PLAIN) -> str:
    """The same for programs: one object a place, in the order of precedence."""
    places = [
        {
            "layer": item.layer,
            "value": item.value,
            "path": item.location.path,
            "line": item.location.span.line if item.location.span else None,
            "column": item.location.span.column if item.location.span else None,
        }
        for item in found
    ]
    said = {"version": 1, "service": service, "path": dotted(pointer), "places": places}
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _by_value(found: Sequence[Setting]) -> list[tuple[str, list[Location]]]:
    groups: dict[str, list[Location]] = {}
    for item in found:
        groups.setdefault(compact(item.value), []).append(item.location)
    return sorted(groups.items(), key=lambda group: -len(group[1]))
