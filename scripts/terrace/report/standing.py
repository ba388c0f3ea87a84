"""Where secrets stand, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

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
    """The secrets of each file, who can open it, what is to be known of it, and a tally in the last line.

    One table for all files, so that every column stands where it stood; a column in which nothing stands is left out.
    """
    if not found:
        return "There are no secrets.\n"
    columns = [each for each in _COLUMNS if any(each.has(one, today) for one in found)]
    rows = [[each.cell(one, today) for each in columns] for one in found]
    header, *lines = table_lines([each.column for each in columns], rows, style, indent=2)
    parts = [header]
    for file, block in groupby(zip(found, lines, strict=True), key=lambda pair: pair[0].file):
        parts += ["", *_file(file, list(block), style)]
    return "".join(f"{line}\n" for line in (*parts, "", _tally(found, style)))


def _file(file: str, block: Sequence[tuple[Standing, str]], style: Style) -> Iterator[str]:
    found = [each for each, _ in block]
    yield style.paint("strong", file)
    readers = "opened by " + (", ".join(found[0].readers) or "nobody")
    if found[0].reference:
        readers = "named by reference: who asks the secret manager opens them"
    yield from (style.paint("dim", f"  {line}") for line in wrap(readers, style.width - 2))
    for each, line in block:
        role = _ROLES.get(each.state)
        yield style.paint(role, line) if role else line
    for mark, role, text in _notes(found):
        first, *more = wrap(text, style.width - 4)
        yield f"  {style.paint(role, mark)} {style.paint('dim', first) if role == 'dim' else first}"
        yield from (f"    {style.paint('dim', line) if role == 'dim' else line}" for line in more)


def _notes(found: Sequence[Standing]) -> Iterator[tuple[str, Role, str]]:
    """What is to be known of a file's secrets: a mark, its colour, and the words."""
    asked = [each for each in found if each.entry and each.entry.due and each.state == "overdue"]
    if asked:
        yield "!", "error", f"due, for somebody may know it who must not: {_named(asked, found)}"
    for each in found:
        if each.is_contradicted:
            yield "!", "warning", f"{each.path} {each.disagreement} (SEC033)"
    anew = [each for each in found if each.disagreement and not each.is_contradicted]
    if anew:
        yield "?", "dim", f"encrypted anew as a whole, so Git cannot tell the age: {_named(anew, found)}"


def _named(some: Sequence[Standing], every: Sequence[Standing]) -> str:
    """Secrets of a file in words: by name, or as all that it has."""
    if len(some) == len(every) > 1:
        return "all"
    return ", ".join(each.path for each in some)


def _age(each: Standing, today: date) -> str:
    if each.rotated is None:
        return "?"
    days = max(0, (today - each.rotated).days)
    return f"{days} d" if each.source == "ledger" else f"{days} d*"


def _due(each: Standing, today: date) -> str:
    if each.due is None:
        return "unknown" if each.state == "unknown" else "-"
    days = (each.due - today).days
    if each.state == "overdue":
        return f"{each.due}, {-days} d overdue" if days else f"{each.due}, now"
    return f"{each.due}, in {days} d" if each.state == "soon" else str(each.due)


def _phase(each: Standing, _today: date) -> str:
    if each.previous_until is None:
        return each.phase
    return "revoke" if each.state == "revoke" else f"overlap to {each.previous_until:%m-%d}"


class _Shown(NamedTuple):
    """A column of the table: what stands in it, and what stands there where there is nothing to say."""

    column: Column
    cell: Callable[[Standing, date], str]
    nothing: str = ""

    def has(self, each: Standing, today: date) -> bool:
        """Whether there is something to say of a secret."""
        return self.cell(each, today) != self.nothing


_COLUMNS = (
    _Shown(Column("secret"), lambda each, _: each.path),
    _Shown(Column("age", right=True, whole=True), _age),
    _Shown(Column("due", whole=True), _due, "-"),
    _Shown(Column("phase", whole=True), _phase, "current"),
    _Shown(Column("owner"), lambda each, _: each.owner),
)


def _tally(found: Sequence[Standing], style: Style) -> str:
    counts = Counter(each.state for each in found)
    said = [(state, f"{counts[state]} {_WORDS[state]}") for state in STATES if counts[state]]
    words = [style.paint(_ROLES[state], text) if state in _ROLES else text for state, text in said]
    wrong = sum(each.is_contradicted for each in found)
    more = f"; {count(wrong, 'age')} that Git does not confirm" if wrong else ""
    note = "\n* known from Git alone: no ledger has it" if any(each.source == "git" for each in found) else ""
    return f"{count(len(found), 'secret')}: {', '.join(words)}{more}.{style.paint('dim', note)}"


def standing_json(found: Sequence[Standing], today: date) -> str:
    """The same for programs: `secrets`, and `counts` of each state. Dates are days; what is not known is null.

    `due_said` is the day since which the ledger itself says that a secret is due, `revoked` the day up to which values
    that were set then are not to be used again.
    """
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
        "due_said": _day(each.entry.due if each.entry else None),
        "revoked": _day(each.entry.revoked if each.entry else None),
        "owner": each.owner or None,
        "readers": list(each.readers),
        "disagreement": each.disagreement or None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
