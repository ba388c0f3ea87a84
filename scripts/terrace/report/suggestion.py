"""Fixes as GitHub suggestions: review comments whose change a reader takes over with a click."""

from __future__ import annotations

import re
from typing import NamedTuple

from terrace.model.findings import Finding, Report
from terrace.report.preview import Hunk, fix_hunks
from terrace.report.source import Sources
from terrace.report.words import encodable


class Suggestion(NamedTuple):
    """A review comment on lines `start_line` to `line` of `path`, whose Markdown body replaces them."""

    path: str
    start_line: int
    line: int
    body: str


def suggestions(report: Report) -> tuple[Suggestion, ...]:
    """A suggestion for each finding whose fix changes one stretch of lines in the finding's own file."""
    sources = Sources(report)
    made = (_suggestion(finding, sources, report.prefix) for finding in report.findings)
    return tuple(suggestion for suggestion in made if suggestion is not None)


def _suggestion(finding: Finding, sources: Sources, prefix: str) -> Suggestion | None:
    hunks = fix_hunks(finding, sources)
    if len(hunks) != 1 or hunks[0].path != finding.location.path:
        return None
    hunk = _anchored(hunks[0], sources.lines(hunks[0].path))
    if hunk is None:
        return None
    body = f"**{finding.code}** {finding.message}\n\n{_block(hunk.new)}"
    return Suggestion(prefix + hunk.path, hunk.line, hunk.line + len(hunk.old) - 1, encodable(body))


def _anchored(hunk: Hunk, lines: list[str]) -> Hunk | None:
    """A hunk that replaces at least one line, as a suggestion must: a pure insertion takes a neighbour in."""
    if hunk.old:
        return hunk
    if hunk.line > 1:
        before = lines[hunk.line - 2]
        return Hunk(hunk.path, hunk.line - 1, (before,), (before, *hunk.new))
    return Hunk(hunk.path, 1, (lines[0],), (*hunk.new, lines[0])) if lines else None


def _block(lines: tuple[str, ...]) -> str:
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}suggestion", *lines, fence])
