"""Two changes of one tree of values, made into one: value by value, lists as wholes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from terrace.sops.splice import same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from terrace.model.source import Pointer

    Choices = Mapping[Pointer, Literal["ours", "theirs"]]
    """Which side a clash is settled for, by pointer."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Where a side has no value."""


class Clash(NamedTuple):
    """A value that both sides changed, and differently. `why` says how, and never what to."""

    pointer: Pointer
    why: str


class Woven(NamedTuple):
    """The values of both sides, and where they clash; there, those of ours."""

    values: dict[str, Any]
    clashes: tuple[Clash, ...]


def weave(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], choices: Choices | None = None
) -> Woven:
    """What the changes of both sides make of `base`. `choices` settle clashes at, or below, their pointers."""
    clashes: list[Clash] = []
    values = _map(base, ours, theirs, (), _Settled(choices or {}, clashes))
    return Woven(values, tuple(clashes))


class _Settled(NamedTuple):
    choices: Choices
    clashes: list[Clash]

    def choose(self, pointer: Pointer, ours: Any, theirs: Any) -> Any:
        """One of two values that clash."""
        depths = range(len(pointer), -1, -1)
        side = next((self.choices[pointer[:depth]] for depth in depths if pointer[:depth] in self.choices), None)
        if side is None:
            self.clashes.append(Clash(pointer, _why(ours, theirs)))
        return theirs if side == "theirs" else ours


def _map(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], pointer: Pointer, settled: _Settled
) -> dict[str, Any]:
    # In the order of ours, then what only theirs has.
    merged = {}
    for key in dict.fromkeys((*ours, *theirs, *base)):
        sides = (side.get(key, MISSING) for side in (base, ours, theirs))
        value = _value(sides, (*pointer, key), settled)
        if value is not MISSING:
            merged[key] = value
    return merged


def _value(sides: Iterable[Any], pointer: Pointer, settled: _Settled) -> Any:
    base, ours, theirs = sides
    if equal(ours, theirs) or equal(base, theirs):
        return ours
    if equal(base, ours):
        return theirs
    if not _goes_deeper(base, ours, theirs):
        return settled.choose(pointer, ours, theirs)
    base, ours, theirs = (side if isinstance(side, dict) else {} for side in (base, ours, theirs))
    merged = _map(base, ours, theirs, pointer, settled)
    # A map that one side took away, or emptied, is gone once nothing of the other side's stands in it.
    return merged or MISSING


def _goes_deeper(base: Any, ours: Any, theirs: Any) -> bool:
    """Whether the sides can be compared key by key: a missing map is one without keys, if it was or becomes a map."""
    if not all(side is MISSING or isinstance(side, dict) for side in (ours, theirs)):
        return False
    return isinstance(base, dict) or (isinstance(ours, dict) and isinstance(theirs, dict))


def equal(left: Any, right: Any) -> bool:
    """Whether two values, or their absence, are the same."""
    if left is MISSING or right is MISSING:
        return left is right
    return same(left, right)


def changes(before: Mapping[str, Any], after: Mapping[str, Any], above: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """What makes `after` of `before`, at the deepest places: values, then what goes (MISSING)."""
    gone = []
    for key in dict.fromkeys((*after, *before)):
        old, new = before.get(key, MISSING), after.get(key, MISSING)
        pointer = (*above, key)
        if equal(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old and new:
            yield from changes(old, new, pointer)
        elif new is MISSING:
            gone.append(pointer)
        else:
            yield pointer, new
    # Last, so that a map is not empty, and gone, on the way.
    yield from ((pointer, MISSING) for pointer in gone)


def _why(ours: Any, theirs: Any) -> str:
    if ours is MISSING:
        return "removed by ours, changed by theirs"
    if theirs is MISSING:
        return "changed by ours, removed by theirs"
    if isinstance(ours, list) or isinstance(theirs, list):
        return "a list that both sides changed; lists are merged as wholes"
    if isinstance(ours, dict) or isinstance(theirs, dict):
        return "a map on one side, a value on the other"
    return "changed by both sides to different values"


def members(base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """The set that both changes of a set make: what either added is in, what either took away is out."""
    out = (set(base) - set(ours)) | (set(base) - set(theirs))
    return tuple(name for name in dict.fromkeys((*ours, *theirs)) if name not in out)
