"""The report for people: each finding with its source line, and one line that sums them up."""

from __future__ import annotations

from terrace.model.findings import Report
from terrace.report.style import PLAIN, Style
from terrace.report.words import summary_line


def render(report: Report, style: Style = PLAIN) -> str:
    """Every finding, and one line that sums them up."""
    if not report.findings:
        return style.paint("good", summary_line(report)) + "\n"
    from terrace.report.annotated import annotated
    from terrace.report.source import Sources

    sources = Sources(report)
    blocks = ["\n".join(annotated(finding, sources, style)) for finding in report.findings]
    return "\n\n".join([*blocks, _ending(report, style)]) + "\n"


def _ending(report: Report, style: Style) -> str:
    from terrace.report.annotated import ROLES
    from terrace.report.cells import printable, wrap

    worst = max(finding.severity for finding in report.findings)
    role = ROLES[worst] if report.failed else "strong"
    lines = [style.paint(role, part) for part in wrap(summary_line(report), style.width)]
    fixable = sum(finding.fix is not None for finding in report.findings)
    if fixable:
        lines.append(style.paint("dim", f"`terrace fix` can mend {fixable:,} of them."))
    code = printable(report.findings[0].code)
    return "\n".join([*lines, style.paint("dim", f"`terrace rules {code}` explains a code.")])
