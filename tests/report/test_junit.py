"""The JUnit report."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from sample_report import CORS, DEVELOPMENT, PRODUCTION, REPORT, TYPE, WHOLE_FILE

from terrace.model.findings import Finding, Report, Severity
from terrace.model.source import Location
from terrace.report.formats.junit import render


def cases(report: Report) -> dict[str, ET.Element]:
    return {case.attrib["name"]: case for case in ET.fromstring(render(report)).iter("testcase")}


def test_every_checked_file_is_a_case_and_so_is_one_that_only_findings_name() -> None:
    assert set(cases(REPORT)) == {*REPORT.files, "environments/test/cron.yaml"}


def test_errors_fail_the_case_and_warnings_are_its_output() -> None:
    case = cases(REPORT._replace(findings=(TYPE, CORS)))[PRODUCTION]
    failure, output = case.find("failure"), case.findtext("system-out", "")
    assert failure is not None
    assert failure.attrib == {"message": "1 error", "type": "SCH002"}
    assert f"{PRODUCTION}:6:14: error[SCH002]: {TYPE.message}" in (failure.text or "")
    assert "warning[LEAK013]: CORS allows every origin\n  help: name the origins" in output
    assert len(cases(REPORT)[DEVELOPMENT]) == 1


def test_the_threshold_decides_what_fails() -> None:
    report = Report((WHOLE_FILE,), fail_on=Severity.WARNING)
    assert cases(report)["environments/test/cron.yaml"].find("failure") is not None


def test_characters_that_xml_cannot_hold_are_dropped() -> None:
    odd = Finding("X1", Severity.ERROR, 'a\x00b\x1b<&>"c\ufffe\ud800d', Location("f\x07.yaml"))
    case = cases(Report((odd,)))["f.yaml"]
    assert (case.findtext("failure") or "").endswith('error[X1]: ab<&>"cd')
