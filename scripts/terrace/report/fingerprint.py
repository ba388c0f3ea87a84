"""What makes a finding the same one tomorrow, when lines have moved."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from terrace.model.findings import Finding
from terrace.model.source import json_pointer
from terrace.report.source import Sources


class Fingerprints:
    """The fingerprints of one report's findings, asked for in the order of the report."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._seen: Counter[str] = Counter()

    def of(self, finding: Finding) -> str:
        """`<hash>:<n>`: of code, path, and pointer or source line, never of a line number; n counts equal ones."""
        parts = (finding.code, finding.location.path, self._anchor(finding))
        digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._seen[digest] += 1
        return f"{digest}:{self._seen[digest]}"

    def _anchor(self, finding: Finding) -> str:
        if finding.pointer is not None:
            return json_pointer(finding.pointer)
        span = self._sources.span(finding.location)
        if span is None:
            return "".join(character for character in finding.message if not character.isdigit())
        return self._sources.lines(finding.location.path)[span.line - 1].strip()
