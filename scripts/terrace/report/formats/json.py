"""The report for programs: stable, documented in `docs/findings-json.md`."""

from __future__ import annotations

import json
import re
from typing import Any

from terrace.model.findings import Finding, Report, Severity
from terrace.model.source import Location, json_pointer
from terrace.report.source import Sources
from terrace.report.style import PLAIN, Style

VERSION = 1
"""Counts up when a key goes away or changes its meaning; new keys may come without."""


def render(report: Report, style: Style = PLAIN) -> str:
    """One JSON object: version, summary, and every finding, also the suppressed ones."""
    return dump({"version": VERSION, "summary": _summary(report), "findings": findings_records(report)})


def dump(value: object) -> str:
    """`value` as indented JSON that can always be written as UTF-8."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # A file name that is not UTF-8 reaches us with lone surrogates; they can only stand inside of strings.
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def _summary(report: Report) -> dict[str, Any]:
    return {
        "failed": report.failed,
        "fail_on": report.fail_on.word,
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "infos": report.count(Severity.INFO),
        "suppressed": len(report.suppressed),
        "files": len(report.files),
        "targets": report.targets,
        "secrets": _secrets(report),
    }


def _secrets(report: Report) -> dict[str, Any] | None:
    if report.secrets is None:
        return None
    files, opened, unchecked = report.secrets
    return {"files": files, "opened": opened, "not_checked": list(unchecked)}


def findings_records(report: Report) -> list[dict[str, Any]]:
    """Every finding of a report as JSON, also the suppressed ones."""
    sources = Sources(report)
    every: list[tuple[Finding, str | None]] = [(finding, None) for finding in report.findings]
    every += [(suppressed.finding, suppressed.reason) for suppressed in report.suppressed]
    every.sort(key=lambda pair: pair[0].order)
    return [_finding(finding, reason, report, sources) for finding, reason in every]


def _finding(finding: Finding, reason: str | None, report: Report, sources: Sources) -> dict[str, Any]:
    rule = report.rules.get(finding.code)
    return {
        "code": finding.code,
        "name": rule.name if rule else None,
        "severity": finding.severity.word,
        "message": finding.message,
        **_place(finding.location),
        "pointer": None if finding.pointer is None else json_pointer(finding.pointer),
        "hint": finding.hint or None,
        "affects": finding.affects,
        "examples": list(finding.examples),
        "related": [{"message": related.message, **_place(related.location)} for related in finding.related],
        "fix": _fix(finding, sources),
        "url": (rule.url or None) if rule else None,
        "suppressed": reason is not None,
        "reason": reason,
    }


def _place(location: Location) -> dict[str, Any]:
    line, column, end_line, end_column = location.span or (None, None, None, None)
    return {"path": location.path, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _fix(finding: Finding, sources: Sources) -> dict[str, Any] | None:
    fix = sources.fix(finding)
    return None if fix is None else {"title": fix.title, "edits": [edit._asdict() for edit in fix.edits]}
