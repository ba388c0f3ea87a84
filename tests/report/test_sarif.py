"""The SARIF report: what code scanning asks of it, and Microsoft's own validator where it may be fetched."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from random_reports import PATHS
from sample_report import CORS, LEAK, NOT_ENCRYPTED, PLAIN_SECRET, PRODUCTION, REPORT, TEXTS, TYPE, WHOLE_FILE

from terrace.model.findings import Edit, Finding, Fix, Report
from terrace.model.source import Location, Span
from terrace.report.formats.sarif import render, uri


def run(report: Report) -> Any:
    log = json.loads(render(report))
    assert log["version"] == "2.1.0"
    return log["runs"][0]


def one(finding: Finding, report: Report = REPORT) -> Any:
    return run(report._replace(findings=(finding,), suppressed=()))["results"][0]


def test_every_result_points_at_its_rule() -> None:
    found = run(REPORT)
    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    named = {rule["id"]: rule for rule in rules}
    assert named["LEAK001"]["name"] == "DevelopmentValue"
    assert named["LEAK001"]["helpUri"] == "https://a.b/c"
    assert "terrace rules LEAK001" in named["LEAK001"]["help"]["text"]
    assert "name" not in named["SCH002"]


def test_severities_are_levels() -> None:
    levels = {result["ruleId"]: result["level"] for result in run(REPORT)["results"]}
    assert (levels["LEAK001"], levels["LEAK013"], levels["ENV005"]) == ("error", "warning", "note")


def test_places_are_regions_below_the_root_of_the_git_repository() -> None:
    place = one(LEAK, REPORT._replace(prefix="deploy/config/"))["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": f"deploy/config/{PRODUCTION}", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 5, "startColumn": 9, "endLine": 5, "endColumn": 32}


def test_a_finding_about_a_whole_file_stands_at_its_start() -> None:
    region = one(WHOLE_FILE)["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}


def test_related_places_come_along() -> None:
    related = one(LEAK)["relatedLocations"]
    assert [(it["id"], it["message"]["text"]) for it in related] == [(1, "development introduces the value here")]


def test_a_fix_replaces_exactly_its_characters() -> None:
    change = one(TYPE)["fixes"][0]["artifactChanges"][0]
    region = change["replacements"][0]["deletedRegion"]
    start = region["charOffset"]
    assert TEXTS[PRODUCTION][start : start + region["charLength"]] == '"250"'
    assert change["replacements"][0]["insertedContent"] == {"text": "250"}
    assert run(REPORT)["columnKind"] == "unicodeCodePoints"


def test_a_fix_of_secret_values_is_left_out() -> None:
    assert "fixes" not in one(PLAIN_SECRET)
    assert "fixes" not in one(NOT_ENCRYPTED._replace(fix=Fix("seal it", (Edit("a.secrets.yaml", 0, 1, "x"),))))


def test_suppressed_results_say_why() -> None:
    results = {result["ruleId"]: result["suppressions"] for result in run(REPORT)["results"]}
    assert results["LEAK007"] == [{"kind": "inSource", "justification": "agreed with operations until May"}]
    assert results["LEAK001"] == []


def fingerprint(finding: Finding, report: Report = REPORT) -> str:
    return str(one(finding, report)["partialFingerprints"]["primaryLocationLineHash"])


@pytest.mark.parametrize("finding", [LEAK, CORS, LEAK._replace(pointer=None)])
def test_fingerprint_stays_when_lines_move(finding: Finding) -> None:
    path, span = finding.location
    assert span is not None
    moved = finding._replace(
        location=Location(path, Span(span.line + 2, span.column, span.end_line + 2, span.end_column)), related=()
    )
    after = REPORT._replace(texts={PRODUCTION: "# new\n# lines\n" + TEXTS[PRODUCTION]}.get)
    assert fingerprint(moved, after) == fingerprint(finding)


def test_fingerprints_differ_where_findings_do() -> None:
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run(REPORT)["results"]]
    assert len(set(prints)) == len(prints)
    twice = run(REPORT._replace(findings=(CORS, CORS)))["results"]
    first, second = (result["partialFingerprints"]["primaryLocationLineHash"] for result in twice[:2])
    assert first.removesuffix(":1") == second.removesuffix(":2")


@given(path=PATHS)
def test_uris_hold_the_bytes_of_the_name_and_nothing_that_means_more(path: str) -> None:
    written = uri(path)
    assert set(written) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%")
    try:
        assert unquote_to_bytes(written) == path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        assert unquote_to_bytes(written) == path.encode("utf-8", "surrogatepass")


@pytest.mark.real
def test_the_sarif_multitool_has_nothing_against_it(tmp_path: Path) -> None:
    """Fetches 100 MB with npm."""
    package = "@microsoft/sarif-multitool@5.7.0"
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", tmp_path, package], check=True)
    log, verdict = tmp_path / "report.sarif", tmp_path / "verdict.sarif"
    log.write_text(render(REPORT._replace(prefix="deploy/config/")))
    tool = tmp_path / "node_modules/.bin/sarif-multitool"
    subprocess.run([tool, "validate", log, "--output", verdict], check=True)
    results = json.loads(verdict.read_text("utf-8-sig"))["runs"][0]["results"]
    # SARIF2005 wants the address of a home page, and the project has none yet.
    assert [it["message"] for it in results if it["ruleId"] != "SARIF2005"] == []
