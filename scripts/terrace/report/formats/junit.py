"""JUnit XML, which every CI system can show: a test case for each file that was checked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from terrace.model.findings import Finding, Report
from terrace.report.style import PLAIN, Style
from terrace.report.words import affected, tally

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def render(report: Report, style: Style = PLAIN) -> str:
    """One suite; a file fails if it has findings at or above the threshold, and tells of the others as its output."""
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_path[finding.location.path].append(finding)
    cases = [_case(path, by_path[path], report) for path in sorted({*report.files, *by_path})]
    failures = sum(case.find("failure") is not None for case in cases)
    totals = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}
    suites = ET.Element("testsuites", {"name": "terrace", **totals})
    ET.SubElement(suites, "testsuite", {"name": "terrace validate", **totals}).extend(cases)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _case(path: str, findings: Sequence[Finding], report: Report) -> ET.Element:
    shown = _legal(report.prefix + path)
    case = ET.Element("testcase", {"classname": "terrace", "name": shown, "file": shown})
    failing = tuple(finding for finding in findings if finding.severity >= report.fail_on)
    others = [finding for finding in findings if finding.severity < report.fail_on]
    if failing:
        # One element: many readers show only the first failure of a case.
        kind = _legal(" ".join(dict.fromkeys(finding.code for finding in failing)))
        _text(ET.SubElement(case, "failure", {"message": tally(failing), "type": kind}), failing)
    if others:
        _text(ET.SubElement(case, "system-out"), others)
    return case


def _text(element: ET.Element, findings: Sequence[Finding]) -> None:
    element.text = _legal("\n\n".join(map(_told, findings)))


def _told(finding: Finding) -> str:
    lines = [f"{finding.location}: {finding.severity.word}[{finding.code}]: {finding.message}"]
    lines += [f"  note: {related.message}: {related.location}" for related in finding.related]
    lines += [f"  {affected(finding)}"] if finding.affects else []
    lines += [f"  help: {finding.hint}"] if finding.hint else []
    return "\n".join(lines)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("", text)
