"""Changing secrets: the values into their file, the days into its ledger, both at once or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import RefusedError, UsageError
from terrace.model.secret import Secret
from terrace.model.source import Pointer, dotted
from terrace.model.typed import nest
from terrace.opening import Scalar, by_place
from terrace.secrets import ledger, store
from terrace.secrets.opening import Opener
from terrace.secrets.place import Place
from terrace.secrets.recipients import recipients_of
from terrace.secrets.store import ABSENT
from terrace.secrets.values import check

if TYPE_CHECKING:
    from terrace.sops import Opened

TAKEN_OUT = None
"""Instead of a value: the secret is taken out."""

Wanted = Mapping[Pointer, Secret[Scalar] | None]


class Changed(NamedTuple):
    """What became of one file: `changed` are the secrets that are others now, or gone."""

    path: str
    began: bool
    removed: bool
    changed: tuple[Pointer, ...]


def change(place: Place, wanted: Wanted, opener: Opener, now: datetime) -> list[Changed]:
    """Set secrets, or take them out, in the main files of a place; each file as a whole."""
    for pointer in wanted:
        place.secret(pointer)
    _check(place, wanted)
    refuse_proposed(place, wanted)
    by_file: dict[str, dict[Pointer, Secret[Scalar] | None]] = {}
    for pointer, value in wanted.items():
        by_file.setdefault(store.path_for(place.root, place.home, place.service, pointer), {})[pointer] = value
    return [_in_file(place, path, changes, opener, now) for path, changes in by_file.items()]


def _check(place: Place, wanted: Wanted) -> None:
    for contract in place.contracts:
        check([contract], {pointer: value for pointer, value in wanted.items() if value is not None})


def refuse_proposed(place: Place, wanted: Iterable[Pointer]) -> None:
    """Refuse what a proposal sets: it would go on outranking what is written below it."""
    for pointer in wanted:
        main = store.path_for(place.root, place.home, place.service, pointer)
        for path in store.proposals(place.root, main):
            if pointer in store.places(place.root, path):
                raise RefusedError(
                    f"{dotted(pointer)} is proposed in {path}, which outranks {main}",
                    hint=f"Fold it in first: terrace secrets fold --env {place.environment.name}; or delete it.",
                )


def _in_file(
    place: Place, path: str, wanted: dict[Pointer, Secret[Scalar] | None], opener: Opener, now: datetime
) -> Changed:
    with store.editing(place.root, path) as held:
        text, dates = held.before
        began = text == ABSENT
        if began:
            _refuse_absent(path, wanted, ())
            changed, text = tuple(wanted), begun(place, wanted, now)
        else:
            opened = opener.open(path, text)
            before = by_place(opened.values)
            _refuse_absent(path, wanted, tuple(before))
            changed = tuple(pointer for pointer, value in wanted.items() if differs(before.get(pointer), value))
            text = with_changes(opened, {pointer: wanted[pointer] for pointer in changed}, now)
        held.replace(text, dated(path, dates, {each: wanted[each] is None for each in changed}, text, now))
        return Changed(path, began, text == ABSENT, changed)


def begun(place: Place, values: Mapping[Pointer, object], now: datetime) -> str:
    """The text of a new secrets file with these values, for the recipients that are asked for."""
    from terrace.sops import create

    return create(nest(values), recipients_of(place), now=now)


def with_changes(opened: Opened, changes: Mapping[Pointer, Secret[Scalar] | None], now: datetime) -> str:
    """The text of an opened file with changes; `ABSENT` where nothing is left in it."""
    from terrace.sops import REMOVED

    left = by_place(opened.values).keys() - {pointer for pointer, value in changes.items() if value is None}
    if not left and not any(value is not None for value in changes.values()):
        return ABSENT
    return opened.changed({pointer: REMOVED if value is None else value for pointer, value in changes.items()}, now)


def dated(path: str, dates: str, changed: Mapping[Pointer, bool], text: str, now: datetime) -> str:
    """The ledger after a change: `changed` says of each secret whether it is gone.

    Where the whole file goes, what is left are the dates of references beside it.
    """
    name = ledger.path_of(path)
    known = ledger.read(dates, name=name)
    day = now.date()
    gone = {pointer: ledger.REMOVED for pointer, is_gone in changed.items() if is_gone}
    new = dict(ledger.after(known, pointer, day) for pointer in changed if pointer not in gone)
    return ledger.recorded(dates, {**gone, **new}, name=name)


def differs(before: Scalar | None, after: Secret[Scalar] | None) -> bool:
    """Whether a secret has another value now, or another type."""
    value = None if after is None else after.reveal()
    return type(before) is not type(value) or before != value


def _refuse_absent(path: str, wanted: Wanted, there: tuple[Pointer, ...]) -> None:
    for pointer, value in wanted.items():
        if value is None and pointer not in there:
            raise UsageError(f"{path} does not set {dotted(pointer)}", hint="What is set: terrace secrets list")
