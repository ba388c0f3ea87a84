"""Which processes run a release, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terrace.arrival import Arrival
from terrace.report.style import PLAIN, Style
from terrace.report.table import Column, table
from terrace.report.words import count


def arrived_text(arrivals: Sequence[Arrival], style: Style = PLAIN) -> str:
    """A line for each endpoint, and what it comes to."""
    if not arrivals:
        return "\nNobody was asked: environment.yaml names no configz.\n"
    rows = [_row(each) for each in arrivals]
    late = sum(each.state != "arrived" for each in arrivals)
    total = count(len(arrivals), "endpoint")
    verb = "runs" if len(arrivals) == 1 else "run"
    end = f"{late} of {total} not yet, or not at all." if late else f"{total} {verb} it."
    columns = (Column("service"), Column("configz"), Column("state"), Column("", role="dim"))
    return "\n" + table(columns, rows, style) + f"\n{end}\n"


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


def _row(each: Arrival) -> tuple[str, str, str, str]:
    said = each.detail
    if each.waiting:
        said = f"{count(len(each.waiting), 'field')} wait for a restart: {', '.join(each.waiting)}"
    return each.endpoint.service, each.endpoint.url, each.state, said
