"""The JSON report: its keys are a promise, and `docs/findings-json.md` is where it is made."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sample_report import LEAK, NOT_ENCRYPTED, PLAIN_SECRET, PRODUCTION, REPORT, TYPE, WHOLE_FILE

from terrace.model.findings import Edit, Finding, Fix, Report, Severity
from terrace.model.source import Location
from terrace.report.formats.json import render

DOC = Path(__file__).parents[2] / "docs" / "findings-json.md"


def told(report: Report) -> Any:
    return json.loads(render(report))


def one(finding: Finding) -> Any:
    return told(REPORT._replace(findings=(finding,), suppressed=()))["findings"][0]


def test_summary_counts() -> None:
    assert told(REPORT)["summary"] == {
        "failed": True,
        "fail_on": "error",
        "errors": 4,
        "warnings": 4,
        "infos": 2,
        "suppressed": 1,
        "files": 3,
        "targets": 145,
        "secrets": None,
    }


def test_a_finding_in_full() -> None:
    assert one(LEAK) == {
        "code": "LEAK001",
        "name": "development-value",
        "severity": "error",
        "message": LEAK.message,
        "path": PRODUCTION,
        "line": 5,
        "column": 9,
        "end_line": 5,
        "end_column": 32,
        "pointer": "/database/host",
        "hint": LEAK.hint,
        "affects": 2400,
        "examples": list(LEAK.examples),
        "related": [
            {
                "message": "development introduces the value here",
                "path": "environments/development/backend.yaml",
                "line": 2,
                "column": 9,
                "end_line": 2,
                "end_column": 32,
            }
        ],
        "fix": None,
        "url": "https://a.b/c",
        "suppressed": False,
        "reason": None,
    }


def test_what_is_not_known_is_null_and_every_key_is_there() -> None:
    found = one(WHOLE_FILE)
    assert found.keys() == one(LEAK).keys()
    assert [found[key] for key in ("name", "line", "end_column", "pointer", "hint", "url")] == [None] * 6


def test_the_root_pointer_is_not_an_unknown_one() -> None:
    assert one(WHOLE_FILE._replace(pointer=()))["pointer"] == ""
    assert one(WHOLE_FILE._replace(pointer=("a/b", "m~n", 0)))["pointer"] == "/a~1b/m~0n/0"


def test_fix_is_given_unless_it_touches_secrets() -> None:
    fix = one(TYPE)["fix"]
    assert fix["title"] == "write it without quotes"
    assert REPORT.texts(PRODUCTION)[fix["edits"][0]["start"] : fix["edits"][0]["end"]] == '"250"'
    assert one(PLAIN_SECRET)["fix"] is None
    sealed = Fix("seal it", (Edit("a.secrets.yaml", 0, 1, "x"),))
    assert one(NOT_ENCRYPTED._replace(fix=sealed))["fix"] is None


def test_suppressed_findings_stand_among_the_others_with_their_reason() -> None:
    found = told(REPORT)["findings"]
    assert [(it["code"], it["reason"]) for it in found if it["suppressed"]] == [
        ("LEAK007", "agreed with operations until May")
    ]
    places = [(it["path"], it["line"] or 0, it["column"] or 0) for it in found]
    assert places == sorted(places)


def test_a_file_name_that_is_not_utf8_survives() -> None:
    finding = Finding("SYN009", Severity.ERROR, "name", Location("caf\udce9.yaml"))
    text = render(Report((finding,)))
    assert "\\udce9" in text
    assert json.loads(text)["findings"][0]["path"] == "caf\udce9.yaml"


def test_the_documented_keys_are_those_that_are_written() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", DOC.read_text(), re.MULTILINE))
    report = told(REPORT)
    fixes = [found["fix"] for found in report["findings"] if found["fix"]]
    written = {*report, *report["summary"], *report["findings"][0], *fixes[0], *fixes[0]["edits"][0]}
    assert documented == written


def test_the_documented_example_has_the_keys_of_the_real_thing() -> None:
    example = json.loads(re.findall(r"```json\n(.*?)```", DOC.read_text(), re.DOTALL)[0])
    assert example.keys() == told(REPORT).keys()
    assert example["summary"].keys() == told(REPORT)["summary"].keys()
    assert example["findings"][0].keys() == one(LEAK).keys()
