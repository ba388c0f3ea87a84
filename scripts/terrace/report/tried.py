"""What came of trying keys on secrets files, in a few lines after the findings."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.model.tried import Tried
from terrace.report.words import count

_NAMED = 5
"""So many files are named; the rest is counted."""


def tried_text(tried: Sequence[Tried] | None) -> str:
    """How many files were opened, and which were not checked, and why. None: no key was at hand."""
    if tried is None:
        return "terrace: no key is at hand: nothing was opened\n"
    opened = sum(each.values is not None for each in tried)
    lines = [f"terrace: {opened:,} of {count(len(tried), 'secrets file')} opened"]
    reasons: dict[str, list[str]] = {}
    for each in tried:
        if each.trial.unchecked:
            reasons.setdefault(each.trial.unchecked, []).append(each.document.path)
    for reason, paths in reasons.items():
        lines.append(f"  not checked, since {reason} {'it' if len(paths) == 1 else 'them'}:")
        shown = paths if len(paths) <= _NAMED + 1 else paths[:_NAMED]
        lines += [f"    {path}" for path in shown]
        if len(paths) > len(shown):
            lines.append(f"    and {len(paths) - len(shown):,} more")
    return "\n".join(lines) + "\n"
