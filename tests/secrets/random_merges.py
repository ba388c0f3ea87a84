"""Secrets files and edits on two sides of them, from a seed, and what a merge of the sides has to come to.

What it has to come to is worked out apart from the program's own merge: by sets of leaves, not by walking trees.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from terrace import sops
from terrace.model.secret import Secret
from terrace.sops import REMOVED, Opened
from terrace.sops.errors import NotWritableError
from terrace.sops.graft import same_data_key
from terrace.sops.scalars import typed_value
from tests.secrets.clone import NOW
from tests.secrets.conftest import Person
from tests.sops import documents

Path = tuple[str, ...]
Leaves = dict[Path, Any]


class Case(NamedTuple):
    """Three versions of a file, and the values that must never be shown."""

    base: str
    ours: str
    theirs: str
    values: frozenset[str]


class Expected(NamedTuple):
    """The leaves of the merged file, and where the sides clash."""

    leaves: Leaves
    clashes: frozenset[Path]
    recipients: frozenset[str]


def case(random: Random, people: list[Person], *, times: bool = True) -> Case:
    """A file and two versions of it, edited by the first of the people, who stays a recipient."""
    me = people[0]
    others = [each.recipient for each in people[1:]]
    while True:
        values = documents.values(random, 2)
        recipients = [me.recipient, *random.sample(others, random.randint(0, len(others)))]
        try:
            base = sops.create(values, recipients, now=NOW)
        except NotWritableError:
            continue
        if random.random() < 0.2:
            base = f"# {random.choice(('note', 'é'))}\n{base}"
        # Some edits are the same on both sides, by chance and by design.
        common = random.sample(documents.KEYS, 3)
        sides = [_side(random, base, me, others, common) for _ in range(2)]
        if times or all("3.9.4" in text and "type:time" not in text for text in (base, *sides)):
            shown = frozenset(text for version in (base, *sides) for text in _texts(opened(version, me)))
            return Case(base, *sides, shown)


def opened(text: str, person: Person) -> Opened:
    """The file, opened."""
    return sops.open_(text, person.identities)


def _side(random: Random, base: str, me: Person, others: list[str], keys: list[str]) -> str:
    text = base
    for _ in range(random.choice((0, 1, 1, 2, 3, 5))):
        try:
            text = _edit(random, text, me, keys)
        except NotWritableError:
            continue
    if random.random() < 0.2:
        names = [me.recipient, *random.sample(others, random.randint(0, len(others)))]
        file = opened(text, me)
        text = file.rotated(names, NOW) if random.random() < 0.6 else file.rewrapped(names)
    if random.random() < 0.05:
        text = f"# {random.choice(('one', 'another'))}\n{text}"
    return text


def _edit(random: Random, text: str, me: Person, keys: list[str]) -> str:
    file = opened(text, me)
    there = list(leaves(file.values))
    place = random.choice(there) if there else ()
    new: Path = (*place[: random.randint(0, len(place))], random.choice(keys))
    # Lists and their inner parts are one leaf; a map is a place on the way to one.
    changes: dict[Path, object]
    match random.choice(("set", "set", "add", "add", "remove", "move", "drop", "list", "same")):
        case "set" if place:
            changes = {place: documents.scalar(random)}
        case "remove" if place:
            changes = {place: REMOVED}
        case "move" if place and new[: len(place)] != place:
            changes = {new: _at(file.values, place), place: REMOVED}
        case "drop" if len(place) > 1:
            changes = {place[:-1]: REMOVED}
        case "list":
            changes = {new: [documents.scalar(random) for _ in range(random.randint(1, 3))]}
        case "same":
            changes = {(keys[0],): "the same on both sides"}
        case _:
            changes = {new: documents.scalar(random)}
    return file.changed(changes, NOW)


def _at(values: Any, place: Path) -> Any:
    for key in place:
        values = values[key]
    return values


def leaves(values: Any, above: Path = ()) -> Leaves:
    """The leaves of a tree: scalars, lists as wholes, and empty maps; each as what can be compared."""
    if isinstance(values, dict) and values:
        return {path: leaf for key, inner in values.items() for path, leaf in leaves(inner, (*above, key)).items()}
    return {above: _comparable(values)} if above else {}


def _comparable(value: Any) -> Any:
    value = value.reveal() if isinstance(value, Secret) else value
    if isinstance(value, dict):
        return ("map", tuple(sorted((key, _comparable(inner)) for key, inner in value.items())))
    return ("list", tuple(map(_comparable, value))) if isinstance(value, list) else tuple(typed_value(value))


EMPTY = _comparable({})


def expected(found: Case, me: Person) -> Expected:
    """What the merge of a case has to come to."""
    files = [opened(text, me) for text in found[:3]]
    base, ours, theirs = (leaves(file.values) for file in files)
    merged: Leaves = {}
    clashes = set()
    for path in {**base, **ours, **theirs}:
        was, mine, other = (side.get(path) for side in (base, ours, theirs))
        if mine != was and other != was and mine != other:
            clashes.add(path)
        chosen = mine if mine != was else other
        if chosen is not None:
            merged[path] = chosen
    # An empty map is none where something stands in it.
    for path in [path for path in merged if any(other[: len(path)] == path for other in merged if other != path)]:
        if merged[path] == EMPTY:
            del merged[path]
    clashes |= {path for path in {*base, *ours, *theirs} if _as_wholes(path, base, ours, theirs)}
    first, second, third = (set(file.metadata.recipients) for file in files)
    gone = (first - second) | (first - third)
    return Expected(merged, frozenset(clashes), frozenset((second | third) - gone))


def _as_wholes(path: Path, *sides: Leaves) -> bool:
    """Whether what stands at and below a path clashes as a whole, as some side has a value there, and some a map."""
    below = [{other: leaf for other, leaf in side.items() if other[: len(path)] == path} for side in sides]
    is_map = [bool(found) and found.get(path, EMPTY) == EMPTY for found in below]
    is_value = [bool(found) and not maps for found, maps in zip(below, is_map, strict=True)]
    in_parts = not any(is_value[1:]) and (is_map[0] or all(is_map[1:]))
    base, ours, theirs = below
    return not in_parts and base != ours and base != theirs and ours != theirs


def check_ciphertext(found: Case, text: str, me: Person) -> None:
    """Every value in a merged file has the nonce, and under the same data key every byte, that a side gave it."""
    merged = opened(text, me)
    sides = [opened(side, me) for side in (found.ours, found.theirs)]
    nonces = {(leaf.path, leaf.envelope.iv) for side in sides for leaf in side.file.leaves if leaf.envelope}
    same = [side for side in sides if same_data_key(side, merged)]
    whole = {leaf.node.value.strip() for side in same for leaf in side.file.leaves}
    for leaf in merged.file.leaves:
        if leaf.envelope:
            assert (leaf.path, leaf.envelope.iv) in nonces
            assert len(same) < 2 or leaf.node.value.strip() in whole


def check_secrecy(found: Case, text: str, me: Person) -> None:
    """Who is no recipient any more does not know the data key, unless neither side made a new one."""
    merged = opened(text, me)
    sides = [opened(side, me) for side in (found.ours, found.theirs)]
    if same_data_key(*sides):
        return
    gone = {name for side in sides for name in side.metadata.recipients} - set(merged.metadata.recipients)
    for side in (*sides, opened(found.base, me)):
        if gone & set(side.metadata.recipients):
            assert not same_data_key(side, merged)


def _texts(file: Opened) -> set[str]:
    """The values of a file that could be told from anything else, were they shown."""
    found = (part for leaf in leaves(file.values).values() for part in _parts(leaf))
    return {part for part in found if len(part) > 12 and part.isprintable() and part not in documents.KEYS}


def _parts(leaf: Any) -> list[str]:
    if isinstance(leaf, tuple):
        return [part for inner in leaf for part in _parts(inner)]
    return [leaf] if isinstance(leaf, str) else []
