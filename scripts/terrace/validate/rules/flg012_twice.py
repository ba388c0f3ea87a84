"""# Key or name that is used twice

Two areas have a flag with one key, or a segment with one name; or a flag has the key of one that was archived.

**Why.** Flags and segments of all areas are one set. And an old application that still asks for an archived flag would
get the answer that was meant for another.

**Fix.** Give one of them another key.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.findings import Related
from terrace.model.source import Location
from terrace.validate.flag_text import FLAG, area
from terrace.validate.rule import Example, FlagsView, Hit, rule

_STAFF = "segments:\n  staff: {when: {plan: staff}}\n"
GOOD = (Example({"flags/a.yaml": FLAG.replace("new-menu", "old-menu"), **area("")}),)
BAD = (
    Example({"flags/zones.yaml": FLAG, **area("")}, "flags/zones.yaml:2", "flags.new-menu"),
    Example({"flags/a.yaml": _STAFF, "flags/b.yaml": _STAFF}, "flags/b.yaml:2", "segments.staff"),
    Example(area("archived:\n  new-menu: {type: boolean, day: 2026-05-01}\n"), "flags/shop.yaml:2", "flags.new-menu"),
)


@rule("FLG012", "key or name that is used twice", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every flag and segment whose key was there before, in files in their order, and every archived one used again."""
    flags: dict[str, Location] = {}
    segments: dict[str, Location] = {}
    for area_ in view.every.areas:
        for flag in area_.flags:
            at = flag.document.at(flag.pointer, key=True)
            if flag.key in flags:
                related = (Related(flags[flag.key], "it is here first"),)
                message = f"there are two flags '{flag.key}'"
                yield Hit(message, at, flag.pointer, "Give one of them another key.", related)
            flags.setdefault(flag.key, at)
        for segment in area_.segments:
            at = segment.document.at(segment.pointer, key=True)
            if segment.name in segments:
                related = (Related(segments[segment.name], "it is here first"),)
                message = f"there are two segments '{segment.name}'"
                yield Hit(message, at, segment.pointer, "Give one of them another name.", related)
            segments.setdefault(segment.name, at)
    for area_ in view.every.areas:
        for old in area_.archived:
            if old.key in flags:
                related = (Related(old.document.at(old.pointer, key=True), f"it was archived on {old.day}"),)
                flag = view.every.flags[old.key]
                message = f"flag '{old.key}' has the key of one that was archived"
                yield Hit(message, flags[old.key], flag.pointer, "Give it another key.", related)
