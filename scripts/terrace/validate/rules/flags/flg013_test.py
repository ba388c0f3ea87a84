"""# Test of a flag that fails

A test under `tests` expects another variant than the flag comes to.

**Why.** The flag does not do what somebody took the trouble to write down.

**Fix.** Correct the flag, or the test. `null` stands for the application's own default.

**Exceptions.** Tests run for flags with which nothing else is wrong, and as if nobody had turned them off or killed
them: a switch that is thrown in a hurry must not need its tests changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.validate.flag_text import area
from terrace.validate.rule import Example, Hit, TriedFlag, rule

_STATE = """\
    environments:
      production:
        rules:
          - {when: {group: gold, appVersion: {semver: '>=2.4.0'}}, serve: on}
        schedule:
          - {at: '2026-07-01T00:00:00Z', default: on, rules: []}
tests:
"""


def _of(context: str, expect: str, more: str = "") -> dict[str, str]:
    return area(
        f"{_STATE}  - {{flag: new-menu, environment: production, context: {context}, expect: {expect}{more}}}\n"
    )


GOOD = (
    Example(_of("{tenant: acme, appVersion: 2.4.0}", "on")),
    Example(_of("{tenant: acme, appVersion: junk}", "off")),
    Example(_of("{tenant: zen, appVersion: 2.4.0}", "off")),
    Example(_of("{}", "on", ", now: '2026-07-01T00:00:00Z'")),
    Example(area("    environments: {staging: {default: null}}\ntests: [{flag: new-menu, environment: staging, expect: null}]\n")),
)  # fmt: skip
BAD = (
    Example(_of("{tenant: acme, appVersion: 2.3.9}", "on"), "flags/shop.yaml:17", "tests[0].expect"),
    Example(_of("{}", "off", ", now: '2026-07-01T02:00:00+01:00'"), "flags/shop.yaml:17", "tests[0].expect"),
    Example(area("tests:\n  - {flag: new-menu, environment: staging, expect: null}\n"), "flags/shop.yaml:11", "tests[0].expect"),
)  # fmt: skip


@rule("FLG013", "test of a flag that fails", on="flag")
def check(tried: TriedFlag) -> Iterator[Hit]:
    """Every test of which something else came."""
    test = tried.test
    pointer = (*test.pointer, "expect")
    called = f"test '{test.name}' of flag '{test.flag}'" if test.name else f"a test of flag '{test.flag}'"
    if tried.error:
        yield Hit(f"{called} cannot be run: {tried.error}", test.document.at(pointer), pointer)
    elif tried.came != test.expect:
        message = f"{called} expects {_word(test.expect)} in {test.environment}, and {_word(tried.came)} came"
        yield Hit(message, test.document.at(pointer), pointer, "Correct the flag, or the test.")


def _word(variant: str | None) -> str:
    return "the application's own default" if variant is None else f"'{variant}'"
