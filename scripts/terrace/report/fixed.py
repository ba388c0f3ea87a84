"""Fixes that were made, or could be, as a diff."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.edit import Fixed
from terrace.report.changed import diff
from terrace.report.style import PLAIN, Style
from terrace.report.words import count


def fixed_text(fixed: Fixed, before: Mapping[str, str], *, made: bool, style: Style = PLAIN) -> str:
    """What changes in each file, and how many findings that mends."""
    if not fixed.mended:
        return "Nothing to fix.\n"
    parts = [diff(path, before[path], text, style) for path, text in fixed.texts.items()]
    findings, files = count(len(fixed.mended), "finding"), count(len(fixed.texts), "file")
    said = f"Mended {findings} in {files}." if made else f"This would mend {findings} in {files}."
    left = f" {count(len(fixed.left), 'fix', 'fixes')} of the same places left: run it again.\n" if fixed.left else "\n"
    return "\n".join([*parts, said + left])
