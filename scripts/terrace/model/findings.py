"""A finding: one thing that is wrong in the repository, at the place that must change."""

from __future__ import annotations

from enum import IntEnum
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
