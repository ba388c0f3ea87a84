"""Counts and findings in words, the same in every report."""

from __future__ import annotations

from terrace.model.findings import Finding, Report, Severity


def count(number: int, word: str, plural: str = "") -> str:
    """`1 target`, `2,400 targets`."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def affected(finding: Finding) -> str:
    """The targets a finding reaches: `affects 2,400 targets, for example backend/production/acme`."""
    names = ", ".join(finding.examples)
    if not names:
        return f"affects {count(finding.affects, 'target')}"
    if finding.affects == 1:
        return f"affects {names}"
    if finding.affects <= len(finding.examples):
        return f"affects {count(finding.affects, 'target')}: {names}"
    return f"affects {count(finding.affects, 'target')}, for example {names}"


def tally(findings: tuple[Finding, ...]) -> str:
    """`2 errors, 1 warning`, the worst first; empty where there are none."""
    counts = {severity: sum(finding.severity == severity for finding in findings) for severity in reversed(Severity)}
    return ", ".join(count(number, severity.word) for severity, number in counts.items() if number)


def summary_line(report: Report) -> str:
    """A report in one line: `2 errors, 1 warning in 3 files; 145 targets checked`."""
    checked = _checked(report)
    suppressed = f"; {len(report.suppressed):,} suppressed" if report.suppressed else ""
    if not report.findings:
        return f"All clear: {checked + ', ' if checked else ''}no findings{suppressed}."
    files = len({finding.location.path for finding in report.findings})
    line = f"{tally(report.findings)} in {count(files, 'file')}"
    line += f"; {checked}" if checked else ""
    line += suppressed
    return line if report.failed else f"{line}; {_harmless(report)}"


def _checked(report: Report) -> str:
    if report.targets:
        return f"{count(report.targets, 'target')} checked"
    return f"{count(len(report.files), 'file')} checked" if report.files else ""


def _harmless(report: Report) -> str:
    return "none is an error" if report.fail_on is Severity.ERROR else f"none is a {report.fail_on.word} or worse"


def encodable(text: str) -> str:
    """`text` with `�` for what UTF-8 cannot write: the lone surrogates of a file name in another encoding."""
    return "".join("�" if "\ud800" <= character <= "\udfff" else character for character in text)
