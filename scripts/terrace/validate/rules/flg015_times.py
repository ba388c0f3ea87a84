"""# Times in the wrong order

A schedule does not name its moments one after the other, a progress ends before it starts, or a flag expires before it
was made.

**Why.** What comes last in the file would not be what comes last.

**Fix.** Correct the moment, or move the entry to its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from terrace.model.flag import Flag
from terrace.validate.flag_places import Stated, stated
from terrace.validate.flag_text import FLAG, area, in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

_STATE = "flags.new-menu.environments.production"
_ENTRY = "  - {{at: '{}', default: {}}}".format
GOOD = (
    Example(
        in_production("schedule:", _ENTRY("2026-07-01T08:00:00+02:00", "on"), _ENTRY("2026-07-01T07:00:00Z", "off"))
    ),
)
BAD = (
    Example(
        in_production("schedule:", _ENTRY("2026-07-01T08:00:00Z", "on"), _ENTRY("2026-07-01T08:00:00Z", "off")),
        "flags/shop.yaml:14",
        f"{_STATE}.schedule[1].at",
    ),
    Example(
        in_production("progress: {variant: on, start: '2026-07-02T08:00:00Z', end: '2026-07-01T08:00:00Z'}"),
        "flags/shop.yaml:12",
        f"{_STATE}.progress.end",
    ),
    Example(area("", flag=FLAG.replace("created: 2026-05-01", "created: 2027-05-01")), "flags/shop.yaml:7", "flags.new-menu.expires"),
)  # fmt: skip


@rule("FLG015", "times in the wrong order", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every moment that lies before the one that it comes after."""
    for flag in view.flags:
        if flag.expires and flag.expires < flag.created:
            pointer = (*flag.pointer, "expires")
            message = f"flag '{flag.key}' expires on {flag.expires}, before it was made"
            yield Hit(message, flag.document.at(pointer), pointer, f"It was made on {flag.created}.")
        for each in stated(flag):
            yield from _of(flag, each)


def _of(flag: Flag, each: Stated) -> Iterator[Hit]:
    schedule = each.state.schedule if "schedule" in each.said else ()
    for index, ((before, _), (at, _)) in enumerate(pairwise(schedule), 1):
        if _moment(at) <= _moment(before):
            pointer = (*each.pointer, "schedule", index, "at")
            message = f"the schedule of flag '{flag.key}' goes on at {at}, which is not after {before}"
            yield Hit(message, flag.document.at(pointer), pointer, "List its moments one after the other.")
    progress = each.state.progress if "progress" in each.said else None
    if progress and _moment(progress.end) <= _moment(progress.start):
        pointer = (*each.pointer, "progress", "end")
        message = f"the progress of flag '{flag.key}' ends at {progress.end}, which is not after its start"
        yield Hit(message, flag.document.at(pointer), pointer, f"It starts at {progress.start}.")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
