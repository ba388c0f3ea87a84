"""Suppressions: comments that let a finding stand, each with a code and a reason, some with a day on which they end.

    host: localhost  # terrace: ignore[LEAK010] the sidecar proxy listens on loopback
    # terrace: ignore[LEAK012] until=2027-01-31 the partner moves to TLS in January
    endpoint: http://partner.harbourkitchen.com

A comment holds for its own line; one that stands alone holds for the next line that is not a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from terrace.model.findings import Finding
from terrace.model.source import Document, Location, Span

_COMMENT = re.compile(
    r"#\s*terrace:\s*ignore(?:\[(?P<codes>[^\]\n]*)\])?(?:\s+until=(?P<until>\S+))?[ \t:]*(?P<reason>[^\n]*)"
)


class Suppression(NamedTuple):
    """One comment: the codes it names, its reason, its last day, where it stands, and the line it holds for."""

    codes: tuple[str, ...]
    reason: str
    until: str
    location: Location
    line: int

    @property
    def ends(self) -> date | None:
        """The last day it holds, None for no end; an end that is no date raises ValueError."""
        return date.fromisoformat(self.until) if self.until else None


class SuppressionView(NamedTuple):
    """A suppression as rules see it: what it held back, and whether the file may hold back such a thing at all."""

    suppression: Suppression
    used: tuple[str, ...]
    refused: tuple[str, ...]
    today: date


def suppressions(document: Document) -> Iterator[Suppression]:
    """The suppressions in a document's comments."""
    if "terrace:" not in document.text:
        return
    lines = document.text.splitlines()
    for number, text in enumerate(lines, 1):
        match = _COMMENT.search(text)
        if match is None:
            continue
        line = number
        if text.lstrip().startswith("#"):
            line += 1
            while line <= len(lines) and lines[line - 1].lstrip().startswith("#"):
                line += 1
        codes = tuple(code.strip().upper() for code in (match["codes"] or "").split(",") if code.strip())
        span = Span(number, match.start() + 1, number, len(text) + 1)
        yield Suppression(codes, match["reason"].strip(), match["until"] or "", Location(document.path, span), line)


def holds(suppression: Suppression, finding: Finding, today: date) -> bool:
    """Whether the suppression lets the finding stand: its line, its code, a reason, and not past its day."""
    try:
        ended = suppression.ends is not None and suppression.ends < today
    except ValueError:
        ended = True
    span = finding.location.span
    on_line = span is not None and span.line == suppression.line
    return on_line and finding.code in suppression.codes and bool(suppression.reason) and not ended


def may(suppression: Suppression, finding: Finding) -> bool:
    """Whether the file may let such a finding stand: what a tenant writes never excuses a leak or a secret."""
    return not (suppression.location.path.startswith("tenants/") and finding.code.startswith(("LEAK", "SEC")))
