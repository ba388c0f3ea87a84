"""# Unknown segment, or segments in a circle

A condition names a segment that no file of `flags/` holds, or a segment is, by way of others, a part of itself.

**Why.** Nobody can tell who is meant.

**Fix.** Correct the name (the finding suggests the closest one), or add the segment under `segments` of any area.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.flags.named import named
from terrace.model.closest import closest
from terrace.model.findings import Related
from terrace.model.flag import Segment
from terrace.validate.flag_places import conditions
from terrace.validate.flag_text import in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

_STAFF = "segments:\n  staff: {when: {email: {ends_with: '@harbourkitchen.com'}}}\n"
_STATE = "flags.new-menu.environments.production"
GOOD = (
    Example({"flags/people.yaml": _STAFF, **in_production("rules:", "  - {when: {not: {segment: staff}}, serve: on}")}),
)
BAD = (
    Example(
        {"flags/people.yaml": _STAFF, **in_production("rules:", "  - {when: {segment: stuff}, serve: on}")},
        "flags/shop.yaml:13",
        f"{_STATE}.rules[0].when.segment",
    ),
    Example(
        {
            "flags/people.yaml": "segments:\n  a: {when: {segment: b}}\n  b: {when: {any: [{segment: a}, {plan: pro}]}}\n"
        },
        "flags/people.yaml:2",
        "segments.a.when",
    ),
)


@rule("FLG003", "unknown segment, or segments in a circle", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every segment that there is not, and every circle once, at the first of its segments by name."""
    for condition in conditions(view):
        for each in named(condition.when):
            if each.kind == "segment" and each.name not in view.names and view.complete:
                pointer = (*condition.pointer, *each.pointer)
                close = closest(each.name, view.names)
                known = ", ".join(sorted(view.names)[:12]) or "none"
                hint = f"Did you mean '{close}'?" if close else f"There are: {known}."
                yield Hit(f"there is no segment '{each.name}'", condition.document.at(pointer), pointer, hint)
    yield from _circles({segment.name: segment for segment in view.segments})


def _circles(segments: dict[str, Segment]) -> Iterator[Hit]:
    uses = {
        name: [each.name for each in named(segment.when) if each.kind == "segment" and each.name in segments]
        for name, segment in segments.items()
    }
    told: set[str] = set()
    for name in sorted(segments):
        circle = [] if name in told else _way_back(name, uses)
        if circle:
            told.update(circle)
            places = [(segments[each].document, (*segments[each].pointer, "when")) for each in circle]
            related = tuple(Related(document.at(pointer), "and this") for document, pointer in places[1:])
            message = f"segments are parts of each other in a circle: {' -> '.join([*circle, name])}"
            document, pointer = places[0]
            yield Hit(message, document.at(pointer), pointer, "Let one of them name none of the others.", related)


def _way_back(name: str, uses: dict[str, list[str]]) -> list[str]:
    """The shortest way from a segment back to itself; empty where there is none."""
    ways = {each: [name] for each in uses[name]}
    ahead = list(ways)
    for step in ahead:
        if step == name:
            return ways[step]
        for each in uses[step]:
            if each not in ways:
                ways[each] = [*ways[step], step]
                ahead.append(each)
    return []
