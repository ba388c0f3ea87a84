"""Values to text. A report format is one file in `formats/`, named as `--format` names it, with a `render` function.

Nothing here prints, but `progress`, which draws on standard error.
"""

from __future__ import annotations

import os
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
    folder = os.path.join(os.path.dirname(__file__), "formats")  # noqa: PTH118, PTH120 - pathlib costs start-up time
    names = (name[:-3] for name in os.listdir(folder) if name.endswith(".py") and not name.startswith("_"))  # noqa: PTH208
    return tuple(sorted(names, key=lambda name: (name != "text", name)))


def renderer(name: str) -> Renderer:
    """The function that renders a report in the format `name`."""
    from importlib import import_module

    names = format_names()
    if name not in names:
        raise UsageError(f"there is no report format {name!r}", hint=f"choose one of {', '.join(names)}")
    render: Renderer = import_module(f"terrace.report.formats.{name}").render
    return render
