"""It is known when flags change by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from terrace.server.flags.moments import STEP, Moments, moments
from tests.server.flags.conftest import TENANTS, definition, flag

NOW = {"var": "$flagd.timestamp"}
AFTER = {"if": [{">=": [NOW, 1000]}, "on", "off"]}
GROWING = {
    "if": [
        {"<": [NOW, 3000]}, "off", {">=": [NOW, 6000]}, "on",
        {"fractional": [{"var": "tenant"}, ["on", {"-": [NOW, 3000]}], ["off", {"-": [6000, NOW]}]]},
    ]
}  # fmt: skip


def of(*targeting: Any) -> Moments:
    return moments(definition(**{f"f{number}": flag(targeting=each) for number, each in enumerate(targeting)}))


def test_what_does_not_ask_for_the_time_never_changes() -> None:
    found = of(TENANTS)
    assert (found.bucket(0), found.bucket(9e9), found.next(0)) == ("", "", None)


@pytest.mark.parametrize("written", [AFTER, {"if": [{"<": [1000, {"var": ["$flagd.timestamp"]}]}, "on", "off"]}])
def test_a_moment_that_is_compared_with_is_one(written: Any) -> None:
    found = of(written)
    assert (found.next(0), found.next(1000), found.next(1001)) == (1000, 1001, None)
    assert found.bucket(999) != found.bucket(1001) == found.bucket(5e9)


def test_a_share_that_grows_changes_all_the_time_while_it_does() -> None:
    found = of(GROWING)
    assert found.next(0) == 3000
    assert found.next(4000) == (4000 // STEP + 1) * STEP
    assert found.next(6002) is None
    assert found.bucket(4000) != found.bucket(4000 + STEP)


def test_whatever_else_is_made_of_the_time_may_change_at_any_moment() -> None:
    found = of({"if": [{"==": [{"%": [NOW, 2]}, 0]}, "on", "off"]})
    assert found.next(9e9) is not None
    assert found.bucket(0) != found.bucket(STEP)


def test_flags_that_nobody_gets_do_not_count() -> None:
    assert moments(definition(a=flag(targeting=AFTER, state="DISABLED"))) == Moments()
