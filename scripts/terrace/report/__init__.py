"""Values to text. A report format is one file in `formats/`, named as `--format` names it, with a `render` function.

Nothing here prints, but `progress`, which draws on standard error.
"""

from __future__ import annotations

from typing import Protocol

from terrace.errors import UsageError
from terrace.model.findings import Report
from terrace.report.style import PLAIN, Style


class Renderer(Protocol):
    """What a file in `formats/` holds: a report as text. Only formats made for people look at `style`."""

    def __call__(self, report: Report, style: Style = PLAIN) -> str:
        """The whole report, ending in a line feed."""


def format_names() -> tuple[str, ...]:
    """The report formats that there are, `text` first; none of them is imported."""
    from pkgutil import iter_modules

    from terrace.report import formats

    names = (found.name for found in iter_modules(formats.__path__))
    return tuple(sorted(names, key=lambda name: (name != "text", name)))


def renderer(name: str) -> Renderer:
    """The function that renders a report in the format `name`."""
    from importlib import import_module

    names = format_names()
    if name not in names:
        raise UsageError(f"there is no report format {name!r}", hint=f"choose one of {', '.join(names)}")
    render: Renderer = import_module(f"terrace.report.formats.{name}").render
    return render
