"""What an edit does: the lines that change, and what becomes of the value in every target it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff

from terrace.change import UNSET, Change, Outcome
from terrace.model.source import Pointer, dotted
from terrace.report.style import PLAIN, Role, Style
from terrace.report.values import compact
from terrace.report.words import count


def change_text(change: Change, pointer: Pointer, style: Style = PLAIN) -> str:
    """The edit as a diff, and its outcomes grouped."""
    return (
        diff(change.path, change.before, change.after, style)
        + "\n"
        + "".join(_outcomes(change.outcomes, pointer, style))
    )


def diff(path: str, before: str, after: str, style: Style = PLAIN) -> str:
    """What changes in a file, as a unified diff."""
    lines = unified_diff(before.splitlines(), after.splitlines(), path, path, n=2, lineterm="")
    roles: dict[str, Role] = {"+": "good", "-": "bad", "@": "dim"}
    return "".join(style.paint(roles[line[0]], line) + "\n" if line[:1] in roles else line + "\n" for line in lines)


def _outcomes(outcomes: Sequence[Outcome], pointer: Pointer, style: Style) -> list[str]:
    changed: dict[tuple[str, str], list[Outcome]] = {}
    overridden: dict[str, list[Outcome]] = {}
    same = []
    for outcome in outcomes:
        if outcome.overridden_by:
            overridden.setdefault(outcome.overridden_by, []).append(outcome)
        elif outcome.before == outcome.after:
            same.append(outcome)
        else:
            changed.setdefault((_value(outcome.before), _value(outcome.after)), []).append(outcome)
    name = style.paint("strong", dotted(pointer))
    lines = [f"{name}  {before} -> {after}  in {_names(found)}\n" for (before, after), found in changed.items()]
    lines += [
        f"{name}  stays as it was in {_names(found)}: {place} overrides it\n" for place, found in overridden.items()
    ]
    if same:
        lines.append(f"{name}  is the same as before in {_names(same)}\n")
    return lines or [f"{name}  reaches no target\n"]


def _value(value: object) -> str:
    return "(not set)" if value is UNSET else compact(value)


def _names(outcomes: Sequence[Outcome]) -> str:
    names = [str(outcome.target) for outcome in outcomes]
    if len(names) <= 3:
        return ", ".join(names)
    return f"{count(len(names), 'target')} ({', '.join(names[:2])}, ...)"
