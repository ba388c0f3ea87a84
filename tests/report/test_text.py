"""The text report, against expected files: `UPDATE_EXPECTED=1` writes them anew, then read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sample_report import DEVELOPMENT, LEAK, PLAIN_SECRET, PRODUCTION, REPORT, SECRET_VALUES, TYPE, WIDE

from terrace.model.findings import Edit, Finding, Fix, Report, Severity
from terrace.model.source import Location, Span
from terrace.report.cells import width
from terrace.report.formats.text import render
from terrace.report.style import Style

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize(
    ("name", "style"),
    [("text.txt", Style()), ("text-color.txt", Style(color=True)), ("text-narrow.txt", Style(width=50))],
)
def test_report_looks_as_expected(name: str, style: Style) -> None:
    text = render(REPORT, style)
    if os.environ.get("UPDATE_EXPECTED"):
        (EXPECTED / name).write_text(text)
    assert text == (EXPECTED / name).read_text()


def test_no_line_is_wider_than_the_terminal() -> None:
    for columns in (80, 120):
        places = [line for line in render(REPORT, Style(width=columns)).splitlines() if "-->" not in line]
        assert max(map(width, places)) <= columns


def test_carets_stand_under_exactly_the_span_of_wide_characters() -> None:
    lines = render(REPORT._replace(findings=(WIDE,))).splitlines()
    source, carets = lines[3], lines[4]
    start = width(source[: source.index("日")])
    assert carets.index("^") == start
    assert carets.count("^") == 10


def test_secret_values_are_never_shown() -> None:
    for style in (Style(), Style(color=True), Style(width=50)):
        text = render(REPORT, style)
        assert not any(value in text for value in SECRET_VALUES)


def test_a_line_with_a_secret_is_hidden_from_other_findings_too() -> None:
    other = Finding("SCH002", Severity.ERROR, "is no reference", PLAIN_SECRET.location)
    near = Finding("SCH009", Severity.ERROR, "section", Location(DEVELOPMENT, Span(2, 3, 3, 34)))
    fix = Fix("drop it", (Edit(DEVELOPMENT, 0, 50, ""),))
    text = render(REPORT._replace(findings=(PLAIN_SECRET, other, near, other._replace(fix=fix))))
    assert "hunter2" not in text
    assert text.count("password: (hidden)") == 3


def test_hidden_value_is_underlined_without_telling_its_length() -> None:
    short = PLAIN_SECRET._replace(location=Location(DEVELOPMENT, Span(3, 13, 3, 14)))
    assert render(REPORT._replace(findings=(short,))) == render(REPORT._replace(findings=(PLAIN_SECRET,)))


def test_clean_report_is_one_line() -> None:
    assert render(Report((), targets=145)) == "All clear: 145 targets checked, no findings.\n"
    assert render(Report((), files=("a.yaml",))) == "All clear: 1 file checked, no findings.\n"
    assert (
        render(Report((), (REPORT.suppressed[0],), 2)) == "All clear: 2 targets checked, no findings; 1 suppressed.\n"
    )
    assert render(Report(())) == "All clear: no findings.\n"


def test_summary_says_that_findings_below_the_threshold_do_not_fail() -> None:
    assert "1 warning in 1 file; none is an error\n" in render(Report((WIDE,)))
    assert "none" not in render(Report((WIDE,), fail_on=Severity.WARNING)).splitlines()[-2]


def test_a_fix_of_another_file_names_it() -> None:
    fix = Fix("rename the key", (Edit(DEVELOPMENT, 0, 8, "db"), Edit(PRODUCTION, 0, 1, "##")))
    text = render(REPORT._replace(findings=(TYPE._replace(fix=fix),)))
    assert f"--> {DEVELOPMENT}:1\n" in text
    assert "1 | - database:\n1 | + db:\n" in text


@pytest.mark.parametrize(
    "edit", [Edit(PRODUCTION, 5, 3, ""), Edit(PRODUCTION, 0, 10**6, ""), Edit("gone.yaml", 0, 1, "")]
)
def test_a_fix_that_does_not_fit_is_named_and_not_previewed(edit: Edit) -> None:
    text = render(REPORT._replace(findings=(TYPE._replace(fix=Fix("mend it", (edit,))),)))
    assert "fix: mend it" in text
    assert "| -" not in text


def test_control_characters_of_a_source_line_do_not_reach_the_terminal() -> None:
    source = "key: \x1b[2J\u202evalue\n"
    finding = Finding("SYN001", Severity.ERROR, "bad \x1b[31m", Location("a.yaml", Span(1, 6, 1, 10)))
    text = render(Report((finding,), texts={"a.yaml": source}.get))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "bad ␛[31m" in text


def test_a_megabyte_line_is_shown_around_the_span() -> None:
    source = "x" * 1_000_000 + "HERE" + "y" * 1_000_000
    finding = LEAK._replace(location=Location("a.yaml", Span(1, 1_000_001, 1, 1_000_005)), related=())
    lines = render(Report((finding,), texts={"a.yaml": source}.get)).splitlines()
    shown = next(line for line in lines if "HERE" in line)
    carets = next(line for line in lines if "^^^^" in line)
    assert carets.index("^") == shown.index("HERE")
    assert width(shown) <= 80
