"""The source lines that reports may show: never those of a secrets file, never a value that a rule calls secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.findings import Finding, Fix, Report
from terrace.model.source import Location, Span

_BREAK = re.compile(r"\r\n|\n|\r")
_KEY = re.compile(r"[^:]*:(\s|$)")
HIDDEN = "(hidden)"


class Sources:
    """The lines of the files of one report, each file read and split once."""

    def __init__(self, report: Report) -> None:
        self._texts = report.texts
        self._rules = report.rules
        self._lines: dict[str, list[str]] = {}
        self._whole: dict[str, str | None] = {}
        every = (*report.findings, *(suppressed.finding for suppressed in report.suppressed))
        self._hidden = frozenset(place for finding in every if self.conceals(finding) for place in _places(finding))

    def text(self, path: str) -> str | None:
        """The text of a file; None for one that is not there, and always None for a secrets file."""
        if path not in self._whole:
            self._whole[path] = None if is_secrets_file(path) else self._texts(path)
        return self._whole[path]

    def lines(self, path: str) -> list[str]:
        """The lines of a file, without their ends; those with a secret value end after the key."""
        if path not in self._lines:
            found = split_lines(self.text(path) or "")
            self._lines[path] = [
                _masked(line) if (path, number) in self._hidden else line for number, line in enumerate(found, 1)
            ]
        return self._lines[path]

    def span(self, location: Location) -> Span | None:
        """The part of `location` that the file really has; None where there is no line to show."""
        if location.span is None:
            return None
        lines = self.lines(location.path)
        if self.hides(location) and 1 <= location.span.line <= len(lines):
            return _all_hidden(location.span.line, lines[location.span.line - 1])
        return _clamped(location.span, lines)

    def hides(self, location: Location) -> bool:
        """Whether a line of `location` is shown without its value."""
        span = location.span
        return span is not None and any((location.path, line) in self._hidden for line in _numbers(span))

    def fix(self, finding: Finding) -> Fix | None:
        """The fix of a finding, if all of it may be shown."""
        fix = finding.fix
        if fix is None or self.conceals(finding) or any(is_secrets_file(edit.path) for edit in fix.edits):
            return None
        return fix

    def conceals(self, finding: Finding) -> bool:
        """Whether the rule of a finding points at secret values."""
        rule = self._rules.get(finding.code)
        return rule is not None and rule.secret


def is_secrets_file(path: str) -> bool:
    """Whether `path` is that of a secrets file: its content, encrypted or by mistake not, is never shown."""
    return ".secrets." in path.rpartition("/")[2].lower()


def split_lines(text: str) -> list[str]:
    """The lines of `text` as editors count them; a last line that is empty is no line."""
    lines = _BREAK.split(text)
    return lines if lines[-1] else lines[:-1]


def _places(finding: Finding) -> Iterator[tuple[str, int]]:
    for location in (finding.location, *(related.location for related in finding.related)):
        if location.span is not None:
            yield from ((location.path, line) for line in _numbers(location.span))


def _numbers(span: Span) -> range:
    # A span is what a parser said; a damaged one must not cost the memory of a million lines.
    return range(span.line, min(max(span.line, span.end_line), span.line + 10_000) + 1)


def _masked(line: str) -> str:
    key = _KEY.match(line)
    return f"{key[0].rstrip()} {HIDDEN}" if key else HIDDEN


def _all_hidden(number: int, line: str) -> Span:
    # Underlining the value itself would tell how long it is.
    start = line.rfind(HIDDEN) + 1
    return Span(number, max(1, start), number, max(1, start) + len(HIDDEN))


def _clamped(span: Span, lines: list[str]) -> Span | None:
    if not 1 <= span.line <= len(lines):
        return None
    first = lines[span.line - 1]
    column = max(1, min(span.column, len(first) + 1))
    end_line = max(span.line, min(span.end_line, len(lines)))
    end_column = span.end_column if end_line == span.end_line else len(lines[end_line - 1]) + 1
    # Parsers end a block where the next one begins: step back to the last line that has something on it.
    while end_line > span.line and not lines[end_line - 1][: max(0, end_column - 1)].strip():
        end_line -= 1
        end_column = len(lines[end_line - 1]) + 1
    end_column = min(end_column, len(lines[end_line - 1]) + 1)
    return Span(span.line, column, end_line, max(end_column, column + 1) if end_line == span.line else end_column)
