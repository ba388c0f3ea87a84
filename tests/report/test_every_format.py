"""What holds for every report format, whatever the findings."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_reports import REPORTS
from sample_report import REPORT, SECRET_VALUES

from terrace.errors import UsageError
from terrace.model.findings import Report
from terrace.report import format_names, renderer
from terrace.report.style import Style
from terrace.report.suggestion import suggestions
from tests.soak import rounds


def test_text_comes_first_and_a_file_is_a_format() -> None:
    assert format_names() == ("text", "github", "json", "junit", "sarif")


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        renderer("xml")
    assert "junit" in caught.value.hint


@pytest.mark.parametrize("name", format_names())
def test_no_format_shows_a_secret_value(name: str) -> None:
    text = renderer(name)(REPORT) + "".join(suggestion.body for suggestion in suggestions(REPORT))
    assert not any(value in text for value in SECRET_VALUES)


@pytest.mark.parametrize("name", format_names())
def test_an_empty_report_renders(name: str) -> None:
    assert renderer(name)(Report(())).endswith("\n")


@pytest.mark.parametrize("name", format_names())
@given(report=REPORTS, style=st.builds(Style, st.booleans(), st.sampled_from([40, 80])))
@settings(max_examples=rounds(60), deadline=None)
def test_every_report_renders_as_text_that_can_be_written(name: str, report: Report, style: Style) -> None:
    assert renderer(name)(report, style).encode("utf-8")


@given(report=REPORTS)
@settings(max_examples=rounds(60), deadline=None)
def test_every_suggestion_covers_lines_that_are_there(report: Report) -> None:
    for suggestion in suggestions(report):
        assert 1 <= suggestion.start_line <= suggestion.line
        assert suggestion.body.encode("utf-8")


@given(report=REPORTS)
@settings(max_examples=rounds(60), deadline=None)
def test_json_and_sarif_tell_every_finding(report: Report) -> None:
    every = [*report.findings, *(suppressed.finding for suppressed in report.suppressed)]
    told = json.loads(renderer("json")(report))["findings"]
    # JSON reads a pair of surrogates as the character they stand for.
    messages, codes = json.loads(json.dumps([[it.message for it in every], [it.code for it in every]]))
    assert sorted(found["message"] for found in told) == sorted(messages)
    results = json.loads(renderer("sarif")(report))["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == codes


@given(report=REPORTS)
@settings(max_examples=rounds(60), deadline=None)
def test_github_says_each_finding_in_one_line_that_reads_back(report: Report) -> None:
    lines = renderer("github")(report).split("\n")
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == len(report.findings)
    assert "\r" not in "".join(lines)
    for command in commands:
        head, _, _ = command[2:].partition("::")
        pairs = [pair.partition("=") for pair in head.partition(" ")[2].split(",")]
        assert [name for name, _, _ in pairs][-1] == "title"
        assert {name for name, _, _ in pairs} <= {"file", "line", "endLine", "col", "endColumn", "title"}


@given(report=REPORTS)
@settings(max_examples=rounds(60), deadline=None)
def test_junit_is_well_formed_and_counts_its_cases(report: Report) -> None:
    suite = ET.fromstring(renderer("junit")(report))[0]
    assert int(suite.attrib["tests"]) == len(suite)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
