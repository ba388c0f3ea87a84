"""A secrets file as plain text in an editor, and back: only what is another value now is encrypted anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from terrace import yamlio
from terrace.errors import RefusedError
from terrace.model.layers import leaves
from terrace.model.secret import Secret
from terrace.model.source import Pointer, dotted
from terrace.model.typed import nest
from terrace.opening import Scalar, by_place
from terrace.secrets import store
from terrace.secrets.change import Changed, begun, dated, differs, refuse_proposed, with_changes
from terrace.secrets.opening import Opener
from terrace.secrets.place import Place
from terrace.secrets.store import ABSENT
from terrace.secrets.values import check

Ask = Callable[[str, str], str]
"""Gives back what a person made of a text; the second argument is why the last result was refused, if it was."""

_KINDS = (str, int, float, bool)


def edit(place: Place, ask: Ask, opener: Opener, now: datetime) -> Changed:
    """Have the main file of a place edited. A result that is not understood, or breaks the contract, is not written.

    Neither is one that changes what a proposal sets: it would go on outranking what is written below it.
    """
    path = place.main
    text = store.read(place.root, path).secrets
    opened = opener.open(path, text) if text else None
    before = _values(by_place(opened.values), path) if opened else {}
    after = _asked(place, ask, before)
    wanted = _changes(before, after)
    with store.editing(place.root, path) as held:
        if held.before.secrets != text:
            raise RefusedError(f"{path} was changed by somebody else meanwhile; nothing was written")
        if not wanted:
            return Changed(path, False, False, ())
        refuse_proposed(place, wanted)
        new = with_changes(opened, wanted, now) if opened else begun(place, wanted, now)
        gone = {pointer: value is None for pointer, value in wanted.items()}
        held.replace(new, dated(path, held.before.ledger, gone, new, now))
    return Changed(path, opened is None, new == ABSENT, tuple(wanted))


def _asked(place: Place, ask: Ask, before: dict[Pointer, Scalar]) -> dict[Pointer, Scalar]:
    """What the person leaves, as often as `ask` asks again."""
    text, problem = _noted(place) + (yamlio.render(nest(before)) if before else ""), ""
    while True:
        text = ask(text, problem)
        try:
            after = _understood(place, text)
            refuse_proposed(place, _changes(before, after))
        except RefusedError as error:
            problem = error.message
        else:
            return after


def _changes(before: dict[Pointer, Scalar], after: dict[Pointer, Scalar]) -> dict[Pointer, Secret[Scalar] | None]:
    wanted: dict[Pointer, Secret[Scalar] | None] = {
        pointer: Secret(value) for pointer, value in after.items() if differs(before.get(pointer), Secret(value))
    }
    return wanted | dict.fromkeys(pointer for pointer in before if pointer not in after)


def _noted(place: Place) -> str:
    """A comment for the head of the text: what of it is outranked."""
    lines = [
        f"# {dotted(pointer)} is proposed in {path}: not to be changed here before that is folded in\n"
        for path in store.proposals(place.root, place.main)
        for pointer in store.places(place.root, path)
    ]
    return "".join(lines)


def _understood(place: Place, text: str) -> dict[Pointer, Scalar]:
    """The values of an edited text. No message shows what stands there."""
    value, findings = yamlio.load(text) if text.strip() else ({}, [])
    if findings:
        finding = findings[0]
        line = f"line {finding.location.span.line}" if finding.location.span else "the text"
        raise RefusedError(f"{line} cannot be read as strict YAML ({finding.code})")
    if value is not None and not isinstance(value, dict):
        raise RefusedError("the text is not a map of sections")
    found: dict[Pointer, Scalar] = {}
    for pointer, inner in leaves(value or {}):
        place.secret(pointer)
        if not isinstance(inner, _KINDS):
            raise RefusedError(f"{dotted(pointer)}: a secret is text, a number, or true or false")
        found[pointer] = inner
    for contract in place.contracts:
        check([contract], {pointer: Secret(inner) for pointer, inner in found.items()})
    return found


def _values(values: dict[Pointer, str | bytes | int | float | bool], path: str) -> dict[Pointer, Scalar]:
    """The values, if an editor can have them all: what it could not give back is not edited here."""
    found: dict[Pointer, Scalar] = {}
    for pointer, value in values.items():
        if type(value) not in _KINDS or any(isinstance(part, int) for part in pointer):
            raise RefusedError(
                f"{path}: {dotted(pointer)} is a list, a time or bytes, which no secret here is",
                hint=f"The sops program edits it: sops edit {path}",
            )
        found[pointer] = value
    return found
