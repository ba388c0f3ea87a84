"""Styles, widths, tables and the progress bar."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import example, given
from random_reports import WORDS

from terrace.report.cells import cut, grid, pad, printable, width, wrap
from terrace.report.progress import progress
from terrace.report.snippet import window
from terrace.report.style import PLAIN, Style, style_for, wants_color
from terrace.report.table import Column, table


@pytest.mark.parametrize(
    ("terminal", "environ", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "0"}, False),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_when_there_are_colours(terminal: bool, environ: dict[str, str], expected: bool) -> None:
    assert wants_color(terminal, environ) is expected


def test_a_file_is_80_wide_and_without_colours() -> None:
    assert style_for(io.StringIO(), {"COLUMNS": "200"}) == PLAIN == Style(color=False, width=80)


@pytest.mark.parametrize(("columns", "expected"), [(100, 100), (300, 120), (10, 40), (0, 80)])
def test_a_terminal_gives_its_width(columns: int, expected: int) -> None:
    import fcntl
    import struct
    import termios

    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(follower, "w") as stream, os.fdopen(leader, "rb"):
        assert style_for(stream, {}) == Style(color=True, width=expected)


@pytest.mark.parametrize(
    ("text", "cells"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("ｆ", 2), ("\u200b", 0), ("🙂", 2), ("é", 1)]
)
def test_width(text: str, cells: int) -> None:
    assert width(text) == cells
    assert len(grid(text)) == max(cells, 1)


def test_cut_and_pad_count_cells() -> None:
    assert cut("日本語", 5) == "日本…"
    assert cut("日本語", 4) == "日…"
    assert cut("日本語", 6) == "日本語"
    assert pad("日", 4) + "|" == "日  |"
    assert pad("日", 4, right=True) == "  日"


@given(text=WORDS)
def test_printable_leaves_nothing_that_moves_the_cursor(text: str) -> None:
    shown = printable(text)
    assert not any(ord(character) < 32 and character not in "\t\n" for character in shown)
    assert shown.encode("utf-8") or not text


def test_wrap_breaks_between_words_only() -> None:
    assert wrap("aa bb cc", 5) == ["aa bb", "cc"]
    assert wrap("aa bb cc", 5, first=3, indent=2) == ["aa", "  bb", "  cc"]
    assert wrap("a-very-long-word b", 5) == ["a-very-long-word", "b"]
    assert wrap("", 5) == [""]


@example(line="00日\u0300" * 9, start=0, size=0)  # a mark on a wide character that would be cut in half
@given(line=WORDS.map(lambda text: text.replace("\n", "") * 9), start=WORDS.map(len), size=WORDS.map(len))
def test_window_fits_and_marks_what_is_shown(line: str, start: int, size: int) -> None:
    start = min(start, len(line))
    view = window(line, start, min(start + size, len(line)), 20)
    assert width(view.text) <= 20
    assert 0 <= view.start < view.end <= 20


COLUMNS = (Column("environment"), Column("targets", right=True, whole=True), Column("note"))


def test_table_aligns_under_its_header() -> None:
    rows = [("production", "2,400", ""), ("日本", "7", "ok")]
    assert table(COLUMNS, rows) == ("environment  targets  note\nproduction     2,400\n日本               7  ok\n")
    assert table(COLUMNS, []) == ""


def test_table_cuts_the_widest_column_to_the_terminal() -> None:
    lines = table(COLUMNS, [("production", "1", "n" * 100)], Style(width=40), indent=2).splitlines()
    assert lines[1].endswith("n…")
    assert max(map(width, lines)) == 40


def test_table_without_titles_has_no_header() -> None:
    assert table((Column(), Column(near=True)), [("9", "targets")]) == "9 targets\n"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def _no_term(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERM", raising=False)


def tick(step: float) -> object:
    times = (step * number for number in range(1000))
    return lambda: next(times)


@pytest.mark.usefixtures("_no_term")
def test_no_bar_in_the_first_second() -> None:
    screen = Terminal()
    assert list(progress(range(9), 9, "load", stream=screen, clock=tick(0.1))) == list(range(9))
    assert screen.getvalue() == ""


@pytest.mark.usefixtures("_no_term")
def test_a_bar_is_drawn_and_erased() -> None:
    screen = Terminal()
    assert list(progress(range(8), 8, "load", stream=screen, clock=tick(0.5))) == list(range(8))
    drawn = screen.getvalue().split("\r\x1b[K")
    assert drawn[1].startswith("load ━━━")
    assert "12%  1 of 8" in drawn[1]
    assert drawn[-1] == ""


@pytest.mark.usefixtures("_no_term")
def test_a_bar_is_erased_when_the_work_fails() -> None:
    screen = Terminal()
    work = progress(range(8), 8, "load", stream=screen, clock=tick(2))
    next(work)
    work.close()
    assert screen.getvalue().endswith("\r\x1b[K")


def test_no_bar_without_a_terminal() -> None:
    screen = io.StringIO()
    assert list(progress(range(3), 3, "load", stream=screen, clock=tick(5))) == [0, 1, 2]
    assert screen.getvalue() == ""
