"""# Unknown variant

A flag serves, rolls out, defaults to or is tested for a variant that it does not have.

**Why.** Whoever should get it would get an error in its place, and the application's own default.

**Fix.** Correct the name (the finding suggests the closest one), or add the variant under `variants`.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.flag import Flag
from terrace.model.source import Document, Pointer
from terrace.validate.flag_places import Stated, stated
from terrace.validate.flag_text import FLAG, area, in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

_STATE = "flags.new-menu.environments.production"
GOOD = (
    Example(in_production("default: on", "rules: [{rollout: {on: 20, off: 80}}]")),
    Example(in_production("default: null")),
)
BAD = (
    Example(area("", flag=FLAG.replace("off_variant: off", "off_variant: of")), "flags/shop.yaml:9", "flags.new-menu.off_variant"),
    Example(in_production("default: onn"), "flags/shop.yaml:12", f"{_STATE}.default"),
    Example(in_production("rules:", "  - {when: {plan: pro}, serve: new}"), "flags/shop.yaml:13", f"{_STATE}.rules[0].serve"),
    Example(in_production("rules:", "  - rollout: {on: 20, out: 80}"), "flags/shop.yaml:13", f"{_STATE}.rules[0].rollout.out"),
    Example(
        in_production("progress: {variant: new, start: '2026-07-01T08:00:00Z', end: '2026-07-02T08:00:00Z'}"),
        "flags/shop.yaml:12",
        f"{_STATE}.progress.variant",
    ),
    Example(
        in_production("schedule:", "  - {at: '2026-07-01T08:00:00Z', default: new}"),
        "flags/shop.yaml:13",
        f"{_STATE}.schedule[0].default",
    ),
    Example(
        area("tests:\n  - {flag: new-menu, environment: staging, expect: offf}\n"), "flags/shop.yaml:11", "tests[0].expect"
    ),
)  # fmt: skip


@rule("FLG002", "unknown variant", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every name of a variant that its flag does not have."""
    flags = {flag.key: flag for flag in view.flags}
    for flag in view.flags:
        yield from _unknown(flag, flag.off_variant, (*flag.pointer, "off_variant"), flag.document)
        for each in stated(flag):
            for name, pointer in _named(each):
                yield from _unknown(flag, name, pointer, flag.document)
    for area_ in view.every.areas:
        for test in area_.tests:
            if test.flag in flags and test.expect is not None:
                yield from _unknown(flags[test.flag], test.expect, (*test.pointer, "expect"), test.document)


def _named(each: Stated) -> Iterator[tuple[str, Pointer]]:
    if each.state.default is not None and "default" in each.said:
        yield each.state.default, (*each.pointer, "default")
    for pointer, rule_ in each.rules():
        yield rule_.serve, (*pointer, "serve")
        yield from ((name, (*pointer, "rollout", name)) for name in rule_.rollout)
    if each.state.progress and "progress" in each.said:
        yield each.state.progress.variant, (*each.pointer, "progress", "variant")


def _unknown(flag: Flag, name: str, pointer: Pointer, document: Document) -> Iterator[Hit]:
    if name and name not in flag.variants:
        close = closest(name, flag.variants)
        hint = f"Did you mean '{close}'?" if close else f"It has: {', '.join(flag.variants)}."
        at = document.at(pointer, key=pointer[-1] == name)
        yield Hit(f"flag '{flag.key}' has no variant '{name}'", at, pointer, hint)
