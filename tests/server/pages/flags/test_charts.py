"""Charts show every variant that was given, whole, and say the same in words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.server.pages.flags.charts import bar, columns, percent
from terrace.server.pages.flags.dates import age, end_of

NUMBERS = st.dictionaries(st.sampled_from(["on", "off", "a", "b", "c", "d", "e", "f", ""]), st.integers(0, 10**9))


@given(NUMBERS)
def test_a_bar_is_whole_whatever_it_shows(numbers: dict[str, int]) -> None:
    chart = bar(numbers, ["on", "off"])
    assert len(chart.boxes) == sum(1 for number in numbers.values() if number)
    assert all(box.width > 0 for box in chart.boxes)
    assert sum(box.width for box in chart.boxes) == pytest.approx(100 if chart.boxes else 0, abs=0.1)


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_columns_stay_within_the_chart(steps: list[dict[str, int]]) -> None:
    chart = columns(steps, ["on"])
    assert all(0 <= box.x <= box.x + box.width <= 100.01 and 0 <= box.y <= 100 for box in chart.boxes)
    assert chart.total == sum(sum(step.values()) for step in steps)


def test_a_variant_has_one_tone_in_every_chart() -> None:
    first, second = bar({"off": 5, "on": 1}, ["on", "off"]), bar({"off": 5}, ["on", "off"])
    assert {share.name: share.tone for share in first.shares}["off"] == second.shares[0].tone == 1


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 %"), (0.01, "< 0.1 %"), (4.25, "4.2 %"), (50.4, "50 %"), (99.95, "> 99.9 %"), (100, "100 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_all(number: float, said: str) -> None:
    assert percent(number) == said


@pytest.mark.parametrize(
    ("expires", "state", "words"),
    [
        ("2026-11-23", "over", "ended 1 day ago"), ("2026-11-24", "soon", "ends today"),
        ("2026-12-20", "soon", "ends in 3 weeks"), ("2027-11-24", "ahead", "ends in 12 months"),
        ("", "none", "no end is said"), ("soon", "none", "no end is said"),
    ],
)  # fmt: skip
def test_ends_are_told_in_words(expires: str, state: str, words: str) -> None:
    found = end_of(expires, permanent=False, today=date(2026, 11, 24))
    assert (found.state, found.words) == (state, words)


def test_ages_are_told_in_words() -> None:
    today = date(2026, 11, 24)
    ages = [age(day, today) for day in ("2026-11-24", "2026-11-23", "2026-11-03", "2024-01-01", "2027-01-01", "x")]
    assert ages == ["made today", "1 day", "3 weeks", "2 years", "", ""]
