"""A fix as whole lines: what goes, what comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from terrace.model.findings import Edit, Finding
from terrace.report.source import Sources, split_lines


class Hunk(NamedTuple):
    """Lines from `line` on of `path` that a fix replaces; nothing in `old`: the new lines come before `line`."""

    path: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]


def fix_hunks(finding: Finding, sources: Sources) -> tuple[Hunk, ...]:
    """The fix of a finding as hunks; none where there is no fix, it may not be shown, or it does not fit the text."""
    fix = sources.fix(finding)
    hunks: list[Hunk] = []
    for path in dict.fromkeys(edit.path for edit in fix.edits) if fix else ():
        text = sources.text(path)
        edits = sorted(edit for edit in fix.edits if edit.path == path) if fix else []
        if text is None or not _fits(text, edits):
            return ()
        hunks.extend(_hunks(path, text, edits))
    if any(sources.lines(hunk.path)[hunk.line - 1 : hunk.line - 1 + len(hunk.old)] != list(hunk.old) for hunk in hunks):
        return ()  # A line that is shown without its secret value.
    return tuple(hunks)


def _fits(text: str, edits: Sequence[Edit]) -> bool:
    end = 0
    for edit in edits:
        if not end <= edit.start <= edit.end <= len(text):
            return False
        end = edit.end
    return True


def _hunks(path: str, text: str, edits: Sequence[Edit]) -> list[Hunk]:
    from difflib import SequenceMatcher

    changed, at = "", 0
    for edit in edits:
        changed += text[at : edit.start] + edit.new
        at = edit.end
    # Edits are near each other as a rule: compare only the lines from the first edit to the last.
    first = text.rfind("\n", 0, edits[0].start) + 1
    end = text.find("\n", edits[-1].end)
    end = len(text) if end < 0 else end + 1
    tail = text[at:end]
    old, new = split_lines(text[first:end]), split_lines(changed[first:] + tail)
    number = len(split_lines(text[:first])) + 1
    return [
        Hunk(path, number + start, tuple(old[start:stop]), tuple(new[other:until]))
        for kind, start, stop, other, until in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if kind != "equal"
    ]
