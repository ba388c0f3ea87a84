"""Workflow commands that GitHub turns into annotations of a run and of the files of a pull request."""

from __future__ import annotations

from terrace.model.findings import Finding, Report, Severity
from terrace.report.style import PLAIN, Style
from terrace.report.words import affected, count, encodable, summary_line

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SHOWN = 10
"""GitHub makes annotations of the first ten errors, ten warnings and ten notices of a step."""


def render(report: Report, style: Style = PLAIN) -> str:
    """One command a finding, the worst first; then a plain line that sums up, and one that says what is not shown."""
    findings = sorted(report.findings, key=lambda finding: -finding.severity)
    lines = [_command(finding, report) for finding in findings]
    # The log takes what begins with :: as a command, so it must not be the start of any other line.
    lines.append(summary_line(report))
    hidden = sum(max(0, report.count(severity) - _SHOWN) for severity in Severity)
    if hidden:
        are = "is" if hidden == 1 else "are"
        lines.append(
            f"{count(hidden, 'finding')} {are} in this log only: GitHub annotates {_SHOWN} of a kind in a step."
        )
    return "\n".join(lines) + "\n"


def _command(finding: Finding, report: Report) -> str:
    span, rule = finding.location.span, report.rules.get(finding.code)
    properties = {"file": report.prefix + finding.location.path}
    if span is not None:
        properties |= {"line": str(span.line), "endLine": str(span.end_line)}
        # GitHub refuses columns on an annotation of several lines.
        if span.line == span.end_line:
            properties |= {"col": str(span.column), "endColumn": str(max(span.end_column, span.column))}
    properties["title"] = f"{finding.code} {rule.name}" if rule else finding.code
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(_message(finding))}"


def _message(finding: Finding) -> str:
    related = (f"{place.message}: {place.location}" for place in finding.related)
    reach = affected(finding) if finding.affects else ""
    return "\n".join(part for part in (finding.message, *related, reach, finding.hint) if part)


def _data(text: str) -> str:
    return encodable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
