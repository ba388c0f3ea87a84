"""Where secrets stand, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import groupby

from terrace.report.cells import wrap
from terrace.report.formats.json import dump
from terrace.report.style import PLAIN, Role, Style
from terrace.report.table import Column, table_lines
from terrace.report.words import count
from terrace.secrets.standing import STATES, Standing

_ROLES: dict[str, Role] = {"overdue": "error", "revoke": "error", "unknown": "warning", "soon": "warning"}
_WORDS = {
    "overdue": "overdue",
    "revoke": "to be revoked",
    "unknown": "of unknown age",
    "soon": "due soon",
    "fine": "fine",
    "free": "without a policy",
}


def standing_text(found: Sequence[Standing], today: date, style: Style = PLAIN) -> str:
    """A table for each file, who can open it, what is wrong with its ages, and a tally in the last line."""
    if not found:
        return "There are no secrets.\n"
    parts = []
    for file, each in groupby(found, key=lambda each: each.file):
        parts.append(_file(file, list(each), today, style))
    return "\n".join([*parts, _tally(found, style) + "\n"])


def _file(file: str, found: Sequence[Standing], today: date, style: Style) -> str:
    readers = "opened by " + (", ".join(found[0].readers) or "nobody")
    if found[0].reference:
        readers = "named by reference: who asks the secret manager opens them"
    lines = [style.paint("strong", file)]
    lines += [style.paint("dim", f"  {line}") for line in wrap(readers, style.width - 2)]
    columns = (
        Column("secret"),
        Column("age", right=True, whole=True),
        Column("due", whole=True),
        Column("phase", whole=True),
        Column("owner"),
    )
    rows = [(each.path, _age(each, today), _due(each, today), _phase(each), each.owner) for each in found]
    header, *rest = table_lines(columns, rows, style, indent=2)
    lines.append(header)
    for line, each in zip(rest, found, strict=True):
        role = _ROLES.get(each.state)
        lines.append(style.paint(role, line) if role else line)
    for each in found:
        if each.disagreement:
            said = wrap(f"{each.path} {each.disagreement}", style.width - 4)
            lines += [f"  {style.paint('warning', '!')} {said[0]}", *(f"    {line}" for line in said[1:])]
    return "".join(f"{line}\n" for line in lines)


def _age(each: Standing, today: date) -> str:
    if each.rotated is None:
        return "?"
    days = max(0, (today - each.rotated).days)
    return f"{days} d" if each.source == "ledger" else f"{days} d*"


def _due(each: Standing, today: date) -> str:
    if each.due is None:
        return "unknown" if each.state == "unknown" else "-"
    days = (each.due - today).days
    if days < 0:
        return f"{each.due}, {-days} d overdue"
    return f"{each.due}, in {days} d" if each.state == "soon" else str(each.due)


def _phase(each: Standing) -> str:
    if each.previous_until is None:
        return each.phase
    return "revoke" if each.state == "revoke" else f"overlap to {each.previous_until:%m-%d}"


def _tally(found: Sequence[Standing], style: Style) -> str:
    counts = Counter(each.state for each in found)
    said = [(state, f"{counts[state]} {_WORDS[state]}") for state in STATES if counts[state]]
    words = [style.paint(_ROLES[state], text) if state in _ROLES else text for state, text in said]
    wrong = sum(bool(each.disagreement) and each.source == "ledger" for each in found)
    more = f"; {count(wrong, 'age')} that Git does not confirm" if wrong else ""
    note = "\n* known from Git alone: no ledger has it" if any(each.source == "git" for each in found) else ""
    return f"{count(len(found), 'secret')}: {', '.join(words)}{more}.{style.paint('dim', note)}"


def standing_json(found: Sequence[Standing], today: date) -> str:
    """The same for programs: `secrets`, and `counts` of each state. Dates are days; what is not known is null."""
    counts = Counter(each.state for each in found)
    said = {
        "version": 1,
        "today": today.isoformat(),
        "counts": {state: counts[state] for state in STATES},
        "secrets": [_record(each, today) for each in found],
    }
    return dump(said)


def _record(each: Standing, today: date) -> dict[str, object]:
    return {
        "service": each.service,
        "environment": each.environment,
        "tenant": each.tenant or None,
        "file": each.file,
        "path": each.path,
        "state": each.state,
        "created": _day(each.created),
        "rotated": _day(each.rotated),
        "source": each.source or None,
        "age_days": (today - each.rotated).days if each.rotated else None,
        "due": _day(each.due),
        "phase": each.phase,
        "previous_until": _day(each.previous_until),
        "owner": each.owner or None,
        "readers": list(each.readers),
        "disagreement": each.disagreement or None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
