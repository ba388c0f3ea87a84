"""Which processes run a release, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from terrace.arrival import Arrival
from terrace.report.cells import one_line
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table_lines
from terrace.report.words import count


def arrived_text(arrivals: Sequence[Arrival], style: Style = PLAIN) -> str:
    """A line for each endpoint, and what it comes to."""
    if not arrivals:
        return "\nNobody was asked: environment.yaml names no configz.\n"
    rows = [(each.endpoint.service, each.endpoint.url, each.state) for each in arrivals]
    late = sum(each.state != "arrived" for each in arrivals)
    total = count(len(arrivals), "endpoint")
    verb = "runs" if len(arrivals) == 1 else "run"
    end = f"{late} of {total} not yet, or not at all." if late else f"{total} {verb} it."
    columns = (Column("service"), Column("configz"), Column("state", whole=True))
    header, *lines = table_lines(columns, rows, style)
    told = [line + "\n" + _detail(each, style) for line, each in zip(lines, arrivals, strict=True)]
    return f"\n{header}\n" + "".join(told) + f"\n{end}\n"


def arrived_record(arrivals: Sequence[Arrival]) -> list[dict[str, Any]]:
    """The same for programs: `service`, `url`, `address`, `state`, `seconds`, `detail` and `waiting_for_restart`."""
    return [
        {
            "service": each.endpoint.service,
            "url": each.endpoint.url,
            "address": each.endpoint.address,
            "state": each.state,
            "seconds": round(each.seconds, 3),
            "detail": each.detail,
            "waiting_for_restart": list(each.waiting),
        }
        for each in arrivals
    ]


def _detail(each: Arrival, style: Style) -> str:
    said = f"waits for a restart: {', '.join(each.waiting)}" if each.waiting else each.detail
    lines = wrap(one_line(said), max(style.width - 4, 20)) if said else []
    return "".join(style.paint("dim", f"    {line}") + "\n" for line in lines)
