"""A finding: one thing that is wrong in the repository, at the place that must change. And a report of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from terrace.model.source import Location, Pointer


class Severity(IntEnum):
    """How much a finding matters; larger is worse."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The severity as reports write it."""
        return self.name.lower()


class Edit(NamedTuple):
    """A byte-exact replacement: characters `start` to `end` of the text of `path` become `new`."""

    path: str
    start: int
    end: int
    new: str


class Fix(NamedTuple):
    """Edits that mend a finding, and one line that says what they do."""

    title: str
    edits: tuple[Edit, ...]


class Related(NamedTuple):
    """Another place that has to do with a finding, and what it has to do with it."""

    location: Location
    message: str


class Finding(NamedTuple):
    """One mistake. `affects` counts the targets it reaches, `examples` names up to three of them."""

    code: str
    severity: Severity
    message: str
    location: Location
    pointer: Pointer | None = None
    hint: str = ""
    related: tuple[Related, ...] = ()
    affects: int = 0
    examples: tuple[str, ...] = ()
    fix: Fix | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Reports are sorted by this: path, line, column, code, message."""
        span = self.location.span
        return (self.location.path, span.line if span else 0, span.column if span else 0, self.code, self.message)


class RuleInfo(NamedTuple):
    """What reports say of a rule. `secret`: its findings point at secret values, so their source is never shown."""

    code: str
    name: str
    severity: Severity
    summary: str
    url: str = ""
    secret: bool = False


class Suppressed(NamedTuple):
    """A finding that somebody decided to live with, and why."""

    finding: Finding
    reason: str


def no_text(path: str) -> str | None:
    """No file's text is known."""
    return None


class TriedFiles(NamedTuple):
    """How many secrets files keys were tried on, how many were opened, and the paths of those left unchecked."""

    files: int
    opened: int
    unchecked: tuple[str, ...]


class Report(NamedTuple):
    """What a validation found, with all that a report format needs to say so.

    `findings` are sorted; `files` names every file that was checked; `texts` gives a file's text, for source lines;
    `prefix` leads from the root of the Git repository to that of the configuration (`deploy/config/`, or empty);
    `secrets` is None where no keys were tried.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...] = ()
    targets: int = 0
    files: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR
    rules: Mapping[str, RuleInfo] = MappingProxyType({})
    texts: Callable[[str], str | None] = no_text
    prefix: str = ""
    secrets: TriedFiles | None = None

    @property
    def failed(self) -> bool:
        """Whether a finding is at or above the threshold."""
        return any(finding.severity >= self.fail_on for finding in self.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are of `severity`."""
        return sum(finding.severity == severity for finding in self.findings)
