"""The ledger as a text: what is read, and that a change touches its own entry only."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.errors import RefusedError
from terrace.model.source import Pointer
from terrace.secrets import ledger
from terrace.secrets.ledger import REMOVED, Entry

JANUARY, MARCH = date(2026, 1, 7), date(2026, 3, 1)
TEXT = """\
# Dates of the backend's secrets.
database.password: {created: 2026-01-07, rotated: 2026-01-07, phase: current}  # by hand
mail.token:
  created: 2026-01-07
  rotated: 2026-02-01
  phase: overlap
  previous_until: 2026-03-01
"""


def test_entries_are_read_by_the_path_of_their_secret() -> None:
    assert ledger.read(TEXT) == {
        ("database", "password"): Entry(JANUARY, JANUARY),
        ("mail", "token"): Entry(JANUARY, date(2026, 2, 1), "overlap", MARCH),
    }


def test_a_change_keeps_every_other_byte() -> None:
    text = ledger.recorded(TEXT, {("database", "password"): Entry(JANUARY, MARCH)})
    assert text == TEXT.replace("rotated: 2026-01-07", 'rotated: "2026-03-01"', 1)


def test_an_entry_that_stays_the_same_changes_nothing() -> None:
    assert ledger.recorded(TEXT, ledger.read(TEXT)) == TEXT


def test_a_new_entry_begins_a_ledger() -> None:
    text = ledger.recorded("", {("a.b", "c"): Entry(JANUARY, MARCH)})
    assert ledger.read(text) == {("a.b", "c"): Entry(JANUARY, MARCH)}


def test_a_removed_entry_goes_with_all_its_lines() -> None:
    text = ledger.recorded(TEXT, {("mail", "token"): REMOVED, ("not", "there"): REMOVED})
    assert ledger.read(text) == {("database", "password"): Entry(JANUARY, JANUARY)}
    assert text.startswith("# Dates of the backend's secrets.\n")


def test_a_new_value_keeps_the_day_of_creation_and_ends_an_overlap() -> None:
    known = ledger.read(TEXT)
    assert ledger.after(known, ("mail", "token"), MARCH) == (("mail", "token"), Entry(JANUARY, MARCH))
    assert ledger.after(known, ("other",), MARCH) == (("other",), Entry(MARCH, MARCH))


def test_a_part_of_a_secret_is_told_of_where_the_whole_is() -> None:
    known = ledger.read(TEXT)
    place, entry = ledger.after(known, ("mail", "token", "current"), MARCH)
    assert place == ("mail", "token")
    assert entry == known["mail", "token"]._replace(rotated=MARCH)


def test_a_new_value_is_not_due_and_revokes_the_one_that_was() -> None:
    asked = Entry(JANUARY, JANUARY).wanted(MARCH)
    assert asked == Entry(JANUARY, JANUARY, due=MARCH)
    assert asked.wanted(date(2026, 3, 9)) == asked, "the day on which it was first due stays"
    april = date(2026, 4, 1)
    assert asked.changed(april) == Entry(JANUARY, april, revoked=JANUARY)
    assert asked.changed(april).changed(april) == Entry(JANUARY, april, revoked=JANUARY)
    text = ledger.recorded("", {("a",): asked})
    assert 'due: "2026-03-01"' in text
    assert ledger.read(text) == {("a",): asked}


@pytest.mark.parametrize("text", ["a: b\n", "a: {created: x, rotated: 2026-01-07}\n", "a: [\n", "'a[': {}\n"])
def test_a_ledger_that_is_not_understood_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(RefusedError, match=r"x/s\.ledger\.yaml"):
        ledger.read(text, name="x/s.ledger.yaml")


DAYS = st.dates(date(2000, 1, 1), date(2099, 1, 1))
ENTRIES = st.builds(
    lambda one, other, until: Entry(min(one, other), max(one, other), "overlap" if until else "current", until),
    DAYS,
    DAYS,
    st.none() | DAYS,
)
KEYS = st.text("abc.d[] 'é#:0-", min_size=1, max_size=5)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(tuple)


@given(st.dictionaries(PATHS, ENTRIES, max_size=4), st.dictionaries(PATHS, ENTRIES, max_size=4))
def test_what_is_recorded_is_read_again(first: dict[Pointer, Entry], second: dict[Pointer, Entry]) -> None:
    text = ledger.recorded(ledger.recorded("", first), second)
    assert ledger.read(text) == {**first, **second}
