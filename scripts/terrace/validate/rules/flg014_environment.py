"""# Flag in an unknown environment

A flag has a state in an environment that does not exist, or a test is in one.

**Why.** A state for `prod` where the environment is called `production` is a state for nobody.

**Fix.** Correct the name (the finding suggests the closest one), or make the environment.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.closest import closest
from terrace.model.source import Document, Pointer
from terrace.validate.flag_text import area, in_production
from terrace.validate.rule import Example, FlagsView, Hit, rule

GOOD = (Example(in_production("default: on")),)
BAD = (
    Example(
        area("    environments:\n      prod: {default: on}\n"), "flags/shop.yaml:11", "flags.new-menu.environments.prod"
    ),
    Example(
        area("tests:\n  - {flag: new-menu, environment: stagging, expect: off}\n"),
        "flags/shop.yaml:11",
        "tests[0].environment",
    ),
)


@rule("FLG014", "flag in an unknown environment", on="flags")
def check(view: FlagsView) -> Iterator[Hit]:
    """Every name of an environment that there is not."""
    for flag in view.flags:
        for name in flag.states:
            yield from _unknown(name, flag.document, (*flag.pointer, "environments", name), view, key=True)
    for area_ in view.every.areas:
        for test in area_.tests:
            if test.environment:
                yield from _unknown(test.environment, test.document, (*test.pointer, "environment"), view)


def _unknown(name: str, document: Document, pointer: Pointer, view: FlagsView, *, key: bool = False) -> Iterator[Hit]:
    known = view.repository.environments
    if name not in known:
        close = closest(name, known)
        hint = f"Did you mean '{close}'?" if close else f"There are: {', '.join(sorted(known))}."
        yield Hit(f"there is no environment '{name}'", document.at(pointer, key=key), pointer, hint)
