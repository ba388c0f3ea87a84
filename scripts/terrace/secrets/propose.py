"""Setting a secret without a key, and folding it in with one.

A proposal is a secrets file of its own beside the main one, encrypted for the same people with their public keys. It
outranks the main file, so it takes effect at once; nobody has to read a secret in order to replace it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from terrace.errors import RefusedError
from terrace.model.layers import leaves
from terrace.model.sealed_files import ledger_of, proposal_of
from terrace.model.secret import Secret
from terrace.model.source import Pointer, dotted
from terrace.opening import Scalar, by_place
from terrace.secrets import ledger, store
from terrace.secrets.change import Changed, begun, differs, with_changes
from terrace.secrets.opening import Opener
from terrace.secrets.place import Place, place
from terrace.secrets.store import ABSENT
from terrace.secrets.values import check


class Folded(NamedTuple):
    """What folding made of one main file, and the proposals that are gone."""

    place: Place
    changed: Changed
    proposals: tuple[str, ...]


class Proposed(NamedTuple):
    """A new proposal, and those of the same secret in whose place it is."""

    changed: Changed
    replaced: tuple[str, ...]


def propose(where: Place, pointer: Pointer, value: Secret[Scalar], now: datetime) -> Proposed:
    """Write a proposal that sets one secret, in place of earlier ones. Needs public keys only, and opens nothing.

    The names of proposals are by chance, so an earlier one would win as often as not.
    """
    where.secret(pointer)
    for contract in where.contracts:
        check([contract], {pointer: value})
    main = store.path_for(where.root, where.home, where.service, pointer)
    path = proposal_of(main, _slug(pointer))
    known = ledger.read(store.read(where.root, main).ledger, name=ledger_of(main))
    earlier = [each for each in store.proposals(where.root, main) if store.places(where.root, each) == [pointer]]
    text = begun(where, {pointer: value}, now)
    _, entry = ledger.after(known, pointer, now.date())
    with store.editing(where.root, path) as held:
        held.replace(text, ledger.recorded("", {pointer: entry}))
    # Only now: killed in between, there are two, which is a warning, and never none.
    _remove(where, earlier)
    return Proposed(Changed(path, True, False, (pointer,)), tuple(earlier))


def waiting(root: Path, environment: str | None = None) -> Iterator[Place]:
    """The places of a repository where proposals wait: of one environment, or of all."""
    from terrace import load
    from terrace.source import open_source

    tree = load.Tree(open_source(root))
    repository = load.common(tree)
    found: dict[tuple[str, str, str | None], None] = {}
    for tenant in (None, *load.tenants(tree, tree.tenants)):
        for main in tenant.files.proposals if tenant else repository.files.proposals:
            folder, _, name = main.rpartition("/")
            where = folder.rpartition("/")[2]
            in_place = folder == (f"{tenant.folder}/{where}" if tenant else f"environments/{where}")
            if in_place and where in repository.environments and environment in (None, where):
                found[name.removesuffix(".secrets.yaml"), where, tenant.name if tenant else None] = None
    for service, name, owner in found:
        yield place(root, service, name, owner)


def fold(places: Iterable[Place], opener: Opener, now: datetime) -> Iterator[Folded]:
    """Move the values of proposals into their main files, weaker ones first, and remove the proposals.

    Killed on the way, a proposal is still there beside a main file that has its values: folding again removes it.
    """
    for where in places:
        proposals = store.proposals(where.root, where.main)
        if not proposals:
            continue
        values: dict[Pointer, Secret[Scalar]] = {}
        days: dict[Pointer, ledger.Entry] = {}
        for path in proposals:
            texts = store.read(where.root, path)
            values |= _values(where, path, opener.open(path, texts.secrets).values)
            days |= ledger.read(texts.ledger, name=ledger_of(path))
        changed = _into_main(where, values, days, opener, now)
        _remove(where, proposals)
        yield Folded(where, changed, tuple(proposals))


def _remove(where: Place, proposals: Iterable[str]) -> None:
    for path in proposals:
        with store.editing(where.root, path) as held:
            held.replace(ABSENT, ABSENT)


def _into_main(
    where: Place,
    values: dict[Pointer, Secret[Scalar]],
    days: dict[Pointer, ledger.Entry],
    opener: Opener,
    now: datetime,
) -> Changed:
    path = where.main
    with store.editing(where.root, path) as held:
        text, dates = held.before
        known = ledger.read(dates, name=ledger_of(path))
        if text == ABSENT:
            changed, new = dict(values), begun(where, values, now)
        else:
            opened = opener.open(path, text)
            before = by_place(opened.values)
            changed = {each: value for each, value in values.items() if differs(before.get(each), value)}
            new = with_changes(opened, changed, now) if changed else text
        entries = dict(_entry(each, known, days, now) for each in values if each in changed or each in days)
        held.replace(new, ledger.recorded(dates, entries, name=ledger_of(path)))
        return Changed(path, text == ABSENT, False, tuple(changed))


def _entry(
    pointer: Pointer, known: dict[Pointer, ledger.Entry], days: dict[Pointer, ledger.Entry], now: datetime
) -> tuple[Pointer, ledger.Entry]:
    """The dates of a folded secret, and whose they are: made when it first was, changed when it was proposed."""
    whole = ledger.owner_of(known, pointer)
    if pointer not in days and whole in known:
        # Folding was killed after the dates were moved; or there never were any.
        return whole, known[whole]
    proposed = days.get(pointer, ledger.Entry(now.date(), now.date()))
    main = known.get(whole, proposed)
    stands = main if whole != pointer else proposed
    created = min(main.created, proposed.rotated)
    # Killed between the two files, the main one has the proposal's dates already: nothing is revoked by that.
    revoked = main.replaced if main.rotated < proposed.rotated else proposed.revoked
    return whole, stands._replace(created=created, rotated=proposed.rotated, due=proposed.due, revoked=revoked)


def _values(where: Place, path: str, values: dict[str, object]) -> dict[Pointer, Secret[Scalar]]:
    found: dict[Pointer, Secret[Scalar]] = {}
    for pointer, value in leaves(values):
        if not isinstance(value, Secret):
            raise RefusedError(f"{path}: {dotted(pointer)} stands in the open, so it is not folded in")
        where.secret(pointer)
        found[pointer] = value
    for contract in where.contracts:
        try:
            check([contract], found)
        except RefusedError as error:
            hint = "Propose another value, and delete this file."
            raise RefusedError(f"{path} is not folded in: {error.message}", hint=hint) from None
    return found


def _slug(pointer: Pointer) -> str:
    """A name for a proposal: from its path, and by chance, so that two people's do not meet."""
    from secrets import token_hex

    words = re.sub(r"[^a-z0-9]+", "-", dotted(pointer).lower()).strip("-") or "value"
    return f"{words[-40:].strip('-')}-{token_hex(3)}"
