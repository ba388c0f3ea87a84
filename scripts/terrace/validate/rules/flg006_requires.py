"""# Flag that requires what is not there, or itself

A flag requires a flag or a variant that there is not, or, by way of others, itself; or a test is of a flag that there is
not.

**Why.** What nobody can get, nobody has: the flag would be off for everybody.

**Fix.** Correct the name (the finding suggests the closest one), or take the requirement out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.model.closest import closest
from terrace.model.findings import Related
from terrace.model.flag import Flag
from terrace.model.source import Document, Pointer
from terrace.validate.flag_text import FLAG, area
from terrace.validate.rule import Example, FlagsView, Hit, rule

_OTHER = FLAG.replace("flags:\n", "").replace("new-menu", "pictures")
GOOD = (Example(area("    requires: [{flag: pictures, variant: on}]\n" + _OTHER)),)
BAD = (
    Example(area("    requires:\n      - {flag: pictres, variant: on}\n" + _OTHER), "flags/shop.yaml:11", "flags.new-menu.requires[0].flag"),
    Example(area("    requires:\n      - {flag: pictures, variant: yes}\n" + _OTHER), "flags/shop.yaml:11", "flags.new-menu.requires[0].variant"),
    Example(
        area("    requires: [{flag: pictures, variant: on}]\n" + _OTHER + "    requires: [{flag: new-menu, variant: on}]\n"),
        "flags/shop.yaml:10",
        "flags.new-menu.requires[0]",
    ),
    Example(area("tests:\n  - {flag: new-menus, environment: staging, expect: off}\n"), "flags/shop.yaml:11", "tests[0].flag"),
)  # fmt: skip


@rule("FLG006", "flag that requires what is not there, or itself", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every flag and variant that is required and not there, and every circle once, at its first flag by key."""
    flags = {flag.key: flag for flag in view.flags}
    for flag in view.flags:
        for index, (key, variant) in enumerate(flag.requires):
            pointer: Pointer = (*flag.pointer, "requires", index)
            if key not in view.keys:
                yield from _no_flag(key, flag.document, (*pointer, "flag"), view)
            elif key in flags and variant not in flags[key].variants:
                message = f"flag '{key}' has no variant '{variant}'"
                place = (*pointer, "variant")
                yield Hit(message, flag.document.at(place), place, _hint(variant, flags[key].variants, "It has"))
    for area_ in view.every.areas:
        for test in area_.tests:
            if test.flag and test.flag not in view.keys:
                yield from _no_flag(test.flag, test.document, (*test.pointer, "flag"), view)
    yield from _circles(flags)


def _no_flag(key: str, document: Document, pointer: Pointer, view: FlagsView) -> Iterator[Hit]:
    if view.complete:
        yield Hit(f"there is no flag '{key}'", document.at(pointer), pointer, _hint(key, view.keys, "There are"))


def _hint(name: str, known: Iterable[str], says: str) -> str:
    close = closest(name, known)
    return f"Did you mean '{close}'?" if close else f"{says}: {', '.join(sorted(known)[:12])}."


def _circles(flags: dict[str, Flag]) -> Iterator[Hit]:
    told: set[str] = set()
    for key in flags:
        circle = [] if key in told or not flags[key].requires else _way_back(key, flags)
        if circle:
            told.update(circle)
            places = [_place(flags, one, other) for one, other in zip(circle, [*circle[1:], key], strict=True)]
            related = tuple(Related(document.at(pointer), "and this") for document, pointer in places[1:])
            message = f"flags require each other in a circle: {' -> '.join([*circle, key])}"
            document, pointer = places[0]
            yield Hit(message, document.at(pointer), pointer, "Let one of them require none of the others.", related)


def _place(flags: dict[str, Flag], key: str, required: str) -> tuple[Document, Pointer]:
    flag = flags[key]
    index = next(index for index, each in enumerate(flag.requires) if each.flag == required)
    return flag.document, (*flag.pointer, "requires", index)


def _way_back(key: str, flags: dict[str, Flag]) -> list[str]:
    """The shortest way from a flag back to itself; empty where there is none."""
    ways = {each.flag: [key] for each in flags[key].requires}
    ahead = list(ways)
    for step in ahead:
        if step == key:
            return ways[step]
        for each in flags[step].requires if step in flags else ():
            if each.flag not in ways:
                ways[each.flag] = [*ways[step], step]
                ahead.append(each.flag)
    return []
