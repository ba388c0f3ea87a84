"""# Key or name that is used twice

Two areas have a flag with one key, or a segment with one name; or a flag has the key of one that was archived.

**Why.** Flags and segments of all areas are one set. And an old application that still asks for an archived flag would
get the answer that was meant for another.

**Fix.** Give one of them another key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from terrace.model.findings import Related
from terrace.model.flag import Flag, Segment
from terrace.validate.flag_text import FLAG, area
from terrace.validate.rule import Example, FlagsView, Hit, rule

_STAFF = "segments:\n  staff: {when: {plan: staff}}\n"
GOOD = (Example({"flags/a.yaml": FLAG.replace("new-menu", "old-menu"), **area("")}),)
BAD = (
    Example({"flags/zones.yaml": FLAG, **area("")}, "flags/zones.yaml:2", "flags.new-menu"),
    Example({"flags/a.yaml": _STAFF, "flags/b.yaml": _STAFF}, "flags/b.yaml:2", "segments.staff"),
    Example(area("archived:\n  new-menu: {type: boolean, day: 2026-05-01}\n"), "flags/shop.yaml:2", "flags.new-menu"),
)

_Entry = TypeVar("_Entry", Flag, Segment)


@rule("FLG012", "key or name that is used twice", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every flag and segment whose key was there before, in files in their order, and every archived one used again."""
    yield from _twice("flag", [flag for area_ in view.every.areas for flag in area_.flags], lambda flag: flag.key)
    segments = [segment for area_ in view.every.areas for segment in area_.segments]
    yield from _twice("segment", segments, lambda segment: segment.name)
    flags = view.every.flags
    for area_ in view.every.areas:
        for old in area_.archived:
            if old.key in flags:
                flag = flags[old.key]
                related = (Related(old.document.at(old.pointer, key=True), f"it was archived on {old.day}"),)
                message = f"flag '{old.key}' has the key of one that was archived"
                at = flag.document.at(flag.pointer, key=True)
                yield Hit(message, at, flag.pointer, "Give it another key.", related)


def _twice(what: str, entries: Iterable[_Entry], name_of: Callable[[_Entry], str]) -> Iterator[Hit]:
    first: dict[str, _Entry] = {}
    for entry in entries:
        name = name_of(entry)
        earlier = first.setdefault(name, entry)
        if earlier is not entry:
            related = (Related(earlier.document.at(earlier.pointer, key=True), "it is here first"),)
            at = entry.document.at(entry.pointer, key=True)
            yield Hit(f"there are two {what}s '{name}'", at, entry.pointer, "Give one of them another name.", related)
