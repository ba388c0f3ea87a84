"""The ledger of a secrets file: when each secret was made and last changed. Dates, in clear text, and never a value.

    database.password: {created: 2026-01-07, rotated: 2026-11-24, phase: current}

A key is the dotted path of a secret. In phase `overlap` the value before is still valid, until `previous_until`.
`due: DATE` asks for a new value from that day on, whatever the policy says: somebody who could read this one has gone.
`revoked: DATE` says that values which were set by then, but for the one in use, are not to be used again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from terrace.errors import UsageError
from terrace.model.source import Pointer, parse_path

PHASES = ("current", "overlap")
_NEEDED = ("created", "rotated")
_OPTIONAL = ("previous_until", "due", "revoked")
_KEYS = (*_NEEDED, "phase", *_OPTIONAL)


class Entry(NamedTuple):
    """What a ledger says of one secret: the days on which it was made and last changed, and where a rotation stands."""

    created: date
    rotated: date
    phase: str = "current"
    previous_until: date | None = None
    due: date | None = None
    revoked: date | None = None

    def changed(self, day: date) -> Entry:
        """The entry of a secret that has a new value since `day`."""
        return Entry(self.created, day, revoked=self.replaced)

    @property
    def replaced(self) -> date | None:
        """The `revoked` of the value after this one: who asked for a new value wants none of this one again."""
        return self.rotated if self.due else self.revoked

    def wanted(self, day: date) -> Entry:
        """The entry of a secret that is due since `day`, or since it was first said to be."""
        return self._replace(due=min(self.due or day, day))

    def said(self) -> dict[str, Any]:
        """The entry as the ledger holds it."""
        said = {"created": self.created.isoformat(), "rotated": self.rotated.isoformat(), "phase": self.phase}
        more = {"previous_until": self.previous_until, "due": self.due, "revoked": self.revoked}
        return said | {name: day.isoformat() for name, day in more.items() if day is not None}


class Fault(NamedTuple):
    """What keeps an entry from being understood. `place` leads to it in the ledger."""

    place: Pointer
    message: str
    hint: str = ""


def entries(values: Mapping[str, Any]) -> Iterator[tuple[str, Pointer, Entry | Fault]]:
    """Every entry of a ledger by its key, with the pointer that the key stands for; or what is wrong with it."""
    for key, said in values.items():
        try:
            pointer = parse_path(key)
        except UsageError as error:
            yield key, (), Fault((key,), error.message, error.hint)
        else:
            yield key, pointer, _entry(key, said)


def _entry(key: str, said: object) -> Entry | Fault:
    if not isinstance(said, dict):
        return Fault((key,), "an entry is a map", "Write {created: DATE, rotated: DATE, phase: current}.")
    for name in said:
        if name not in _KEYS:
            return Fault((key, name), f"a ledger has no {name!r}", f"An entry has {', '.join(_KEYS)}; never a value.")
    days: dict[str, date] = {}
    for name in (*_NEEDED, *_OPTIONAL):
        if name in said or name in _NEEDED:
            day = _day(said.get(name))
            if day is None:
                return Fault((key, name) if name in said else (key,), f"{name} is no date", "Write it as 2026-11-24.")
            days[name] = day
    phase = said.get("phase", "current")
    if phase not in PHASES:
        return Fault((key, "phase"), "the phase is not known", f"It is {' or '.join(PHASES)}.")
    if days["rotated"] < days["created"]:
        return Fault((key, "rotated"), "it was rotated before it was created")
    return Entry(days["created"], days["rotated"], phase, *(days.get(name) for name in _OPTIONAL))


def _day(said: object) -> date | None:
    try:
        return date.fromisoformat(said) if isinstance(said, str) and len(said) == 10 else None
    except ValueError:
        return None
