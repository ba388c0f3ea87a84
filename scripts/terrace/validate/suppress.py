"""Suppressions: what lets a finding stand, each with a code and a reason, some with a day on which they end.

    host: localhost  # terrace: ignore[LEAK010] the sidecar proxy listens on loopback
    # terrace: ignore[LEAK012] until=2027-01-31 the partner moves to TLS in January
    endpoint: http://partner.harbourkitchen.com

A comment holds for its own line; one that stands alone holds for the next line that is not a comment. SOPS encrypts
comments, so those for a secrets file stand in the `environment.yaml` or `tenant.yaml` beside it, under `suppress`.

Once its day has passed, a finding is a warning, not an error: a date must not break what somebody else changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from terrace.model.entities import Files
from terrace.model.findings import Finding, Related, Severity
from terrace.model.source import Document, Location, Pointer, Span, dotted
from terrace.validate.later import later
from terrace.validate.places import DESCRIPTORS

_COMMENT = later(
    r"#\s*terrace:\s*(?P<verb>ignore|disable|suppress|skip|allow)\b(?:\[(?P<codes>[^\]\n]*)\])?"
    r"(?:\s+until=(?P<until>\S+))?[ \t:]*(?P<reason>[^\n]*)"
)
_CODE = later(r"[A-Z]{3,4}[0-9]{3}")


class Suppression(NamedTuple):
    """The codes it names, its reason, its last day, where it stands, and what it holds for.

    A comment holds for a `line` and takes the characters `start` to `end`. An entry of a list (`entry` is its pointer)
    holds for a `file`, and for one `path` in it if it says so.
    """

    codes: tuple[str, ...]
    reason: str
    until: str
    document: Document
    location: Location
    line: int = 0
    start: int = 0
    end: int = 0
    entry: Pointer | None = None
    file: str = ""
    path: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is one that it names, in the place that it is for."""
        if finding.code not in self.codes:
            return False
        path, span = finding.location
        if self.entry is None:
            return path == self.location.path and span is not None and span.line == self.line
        right_place = not self.path or (finding.pointer is not None and dotted(finding.pointer) == self.path)
        return right_place and self.is_for(path)

    def is_for(self, path: str) -> bool:
        """Whether an entry of a list speaks of the file at `path`."""
        folder = self.document.path.rsplit("/", 1)[0]
        return self.entry is not None and path.startswith(folder + "/") and path.endswith("/" + self.file)

    def fault(self) -> str:
        """Why it holds for nothing, in words that follow 'this suppression'; empty if it is well written."""
        if not self.codes:
            return "names no code"
        unknown = next((code for code in self.codes if not _CODE.fullmatch(code)), "")
        if unknown:
            return f"names {unknown!r}, which is no code"
        if self.until and _day(self.until) is None:
            return f"ends on {self.until!r}, which is no day"
        return "" if self.reason else "gives no reason"

    def ended(self, today: date) -> bool:
        """Whether its last day has passed."""
        last = _day(self.until)
        return last is not None and last < today

    def may(self, finding: Finding) -> bool:
        """Whether the file may let such a finding stand: what a tenant writes never excuses a leak or a secret."""
        path = self.location.path
        tenants = path.startswith("tenants/") and not path.startswith("tenants/_groups/")
        return not (tenants and finding.code.startswith(("LEAK", "SEC")))


class SuppressionView(NamedTuple):
    """A suppression as rules see it: the codes that it held back, and those that its file may not hold back.

    `unasked` are the codes that nobody looked for.
    """

    suppression: Suppression
    used: tuple[str, ...]
    refused: tuple[str, ...]
    unasked: frozenset[str] = frozenset()


class Marks:
    """The suppressions in some files, and what became of them."""

    def __init__(self, files: Files) -> None:
        self._comments: dict[str, list[Suppression]] = {}
        self._entries: list[Suppression] = []
        for path, document in files.documents.items():
            comments = list(suppressions(document))
            if comments:
                self._comments[path] = comments
            if "suppress:" in document.text and path.rsplit("/", 1)[-1] in DESCRIPTORS:
                self._entries += listed(document)
        every = [*(mark for marks in self._comments.values() for mark in marks), *self._entries]
        self._used: dict[int, list[str]] = {id(mark): [] for mark in every}
        self._refused: dict[int, list[str]] = {id(mark): [] for mark in every}
        self._every = every

    def __bool__(self) -> bool:
        return bool(self._every)

    def judge(self, finding: Finding, today: date) -> tuple[Finding, str]:
        """The finding as it is after the suppressions, and the reason that lets it stand, if one does."""
        for mark in (*self._comments.get(finding.location.path, ()), *self._entries):
            if not mark.covers(finding) or mark.fault():
                continue
            if not mark.may(finding):
                self._refused[id(mark)].append(finding.code)
                continue
            self._used[id(mark)].append(finding.code)
            return (_ended(finding, mark), "") if mark.ended(today) else (finding, mark.reason)
        return finding, ""

    def views(self, unasked: frozenset[str] = frozenset()) -> Sequence[SuppressionView]:
        """Every suppression with what it did, once all findings were judged but those of `unasked` codes."""
        return [
            SuppressionView(mark, tuple(self._used[id(mark)]), tuple(self._refused[id(mark)]), unasked)
            for mark in self._every
        ]


def suppressions(document: Document) -> Iterator[Suppression]:
    """The suppressions in a document's comments."""
    if "terrace:" not in document.text:
        return
    lines = document.text.splitlines(keepends=True)
    offset = 0
    for number, text in enumerate(lines, 1):
        match = _COMMENT.search(text)
        if match is not None:
            yield _comment(document, lines, number, offset, match)
        offset += len(text)


def listed(document: Document) -> Iterator[Suppression]:
    """The suppressions that an `environment.yaml` or `tenant.yaml` lists; entries of another form are the schema's."""
    entries = document.value.get("suppress")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
            continue
        if {"code", "file", "reason"} <= entry.keys():
            yield _entry(document, index, entry)


def _comment(document: Document, lines: Sequence[str], number: int, offset: int, match: re.Match[str]) -> Suppression:
    text = lines[number - 1].rstrip("\r\n")
    line, before = number, text[: match.start()].rstrip(" \t")
    start, end = offset + len(before), offset + len(text)
    if not before:
        start, end = offset, offset + len(lines[number - 1])
        line += 1
        while line <= len(lines) and lines[line - 1].lstrip().startswith("#"):
            line += 1
    span = Span(number, match.start() + 1, number, len(text) + 1)
    written = match["codes"] if match["verb"] == "ignore" else ""
    codes = tuple(code.strip().upper() for code in (written or "").split(",") if code.strip())
    reason = match["reason"].strip()
    return Suppression(codes, reason, match["until"] or "", document, Location(document.path, span), line, start, end)


def _entry(document: Document, index: int, entry: dict[str, Any]) -> Suppression:
    place: Pointer = ("suppress", index)
    return Suppression(
        (entry["code"],),
        entry["reason"].strip(),
        entry.get("until", ""),
        document,
        document.at(place),
        entry=place,
        file=entry["file"],
        path=entry.get("path", ""),
    )


def _ended(finding: Finding, mark: Suppression) -> Finding:
    said = Related(mark.location, f"it was to stand until {mark.until}, because: {mark.reason}")
    hint = f"{finding.hint} Its suppression ended on {mark.until}.".strip()
    severity = min(finding.severity, Severity.WARNING)
    return finding._replace(severity=severity, hint=hint, related=(*finding.related, said))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
