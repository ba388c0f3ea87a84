"""What `terrace init` made, and what to do next."""

from __future__ import annotations

import shlex

from terrace.report.style import PLAIN, Style
from terrace.report.words import count
from terrace.starter import Started


def started_text(started: Started, style: Style = PLAIN) -> str:
    """The files in a line, what is there to be read first, and the next commands with what each is for."""
    paragraphs = [
        f"Started {style.paint('strong', str(started.folder))}: {count(len(started.files), 'file')}, "
        f"service {started.service}, environments development and production.",
        _steps(started, style),
        f"Read first: schemas/{started.service}.py, the contract. Then change what stands in environments/.",
        _about_git(started),
    ]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _steps(started: Started, style: Style) -> str:
    steps = [
        (f"cd {shlex.quote(str(started.folder))}", ""),
        ("uv sync", "install the package and its tools, and write uv.lock"),
        ("uv run terrace validate", "all clear, and so it should stay"),
        ("git add -A && git commit", "protected environments are built from commits"),
        ("uv run pre-commit install", "check before each commit, too"),
    ]
    width = max(len(command) for command, _ in steps[1:]) + 2
    lines = [f"  {command:<{width}}{style.paint('dim', reason)}".rstrip() for command, reason in steps]
    return "\n".join(["Next:", *lines])


def _about_git(started: Started) -> str:
    if started.below:
        return (
            f"It is part of the Git repository {started.below}: move .github/ to the top of that one, where it is read."
        )
    return ""
