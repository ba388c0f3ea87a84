"""Who moves where a flag changes: the tenants one by one, and of all subjects the share, from variant to variant."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

from terrace.flags.cases import Case, Condition, Move
from terrace.flags.outcomes import END_OF_TIME, Known
from terrace.flags.possible import is_possible
from terrace.flags.sampling import SUBJECTS, sampled
from terrace.flags.told_apart import place_of, together
from terrace.flags.worlds import Asked, OpenError, UnclearError, answers, attributes_of, share

Definition = Mapping[str, Any]
Sides = tuple[Definition | None, Definition | None]

_MOST_CASES = 256
_FEWEST = 200
_STAYS = (Case((), (), (), "exact"),)
_ORDERS: Mapping[str, Callable[[int, int], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Moment(NamedTuple):
    """What a change does from a moment on (Unix time; None for now), until the next one that is told.

    `cases` are all subjects there can be, `tenants` those there are, each with the cases that are left for it. `lasts`:
    it is so until the next moment; else it grows or shrinks from here to there.
    """

    at: int | None
    cases: tuple[Case, ...]
    tenants: Mapping[str, tuple[Case, ...]]
    lasts: bool = True

    @property
    def moves_nobody(self) -> bool:
        """Whether everybody gets what they got."""
        return not any(case.moves for cases in (self.cases, *self.tenants.values()) for case in cases)


def moments(
    key: str, before: Definition | None, after: Definition | None, tenants: Iterable[str], now: int
) -> tuple[Moment, ...]:
    """How everybody moves now, and at each later moment at which that changes; the first is always now."""
    names = sorted(tenants)
    found: list[Moment] = []
    # A share that grows does so in a straight line, so that its ends tell all of it.
    for at in _times((before, after), now):
        sides = (_ready(key, before, at), _ready(key, after, at))
        said = Moment(None if at == now else at, *_of_all(key, sides, names))
        if found and said[1:3] == found[-1][1:3]:
            found[-1] = found[-1]._replace(lasts=True)
        else:
            found.append(said._replace(lasts=False))
    return (*found[:-1], found[-1]._replace(lasts=True))


def _of_all(key: str, sides: Sides, names: Sequence[str]) -> tuple[tuple[Case, ...], dict[str, tuple[Case, ...]]]:
    """How all subjects move, and those of each tenant, between two definitions whose moment is fixed."""
    cases = _Cases(sides, Known({}, END_OF_TIME))
    try:
        everybody, about = together(cases.of({}), names)
    except (UnclearError, RecursionError):
        few = max(_FEWEST, SUBJECTS // max(1, len(names)))
        return (_tried(key, sides, "", SUBJECTS),), {name: _of_tenant(key, sides, name, few) for name in names}
    found: dict[str, tuple[Case, ...]] = {}
    alike: dict[object, tuple[Case, ...]] = {}
    for name in names:
        if name not in about:
            found[name] = _STAYS
            continue
        place = place_of(name, cases.conditions, cases.splits)
        if place not in alike:
            alike[place] = _of_tenant(key, sides, name, SUBJECTS)
        found[name] = alike[place]
    return everybody, found


def _of_tenant(key: str, sides: Sides, tenant: str, count: int) -> tuple[Case, ...]:
    try:
        return tuple(_Cases(sides, Known({"tenant": tenant}, END_OF_TIME)).of({}))
    except (UnclearError, RecursionError):
        return (_tried(key, sides, tenant, count),)


def _tried(key: str, sides: Sides, tenant: str, count: int) -> Case:
    by = tuple(sorted(attributes_of([(each or {}).get("targeting") for each in sides])))
    return Case((), _moves(sampled(key, sides, tenant, count), sides), by, "sample")


class _Cases:
    """What two sides come to, with every condition and every split that is met on the way."""

    def __init__(self, sides: Sides, known: Known) -> None:
        self._sides = sides
        self._known = known
        self._count = 0
        self.conditions: set[str] = set()
        self.splits: set[tuple[str, tuple[int, ...]]] = set()

    def of(self, said: dict[str, bool]) -> list[Case]:
        """The cases where these conditions are so, or not so. A condition that makes no difference is in none."""
        try:
            return [self._one(said)]
        except OpenError as error:
            condition = error.condition
        self.conditions.add(condition)
        self._count += 1
        if self._count > _MOST_CASES:
            raise UnclearError
        both = [{**said, condition: holds} for holds in (True, False)]
        possible = [each for each in both if is_possible(each, condition)]
        if len(possible) < 2:
            return self.of(possible[0] if possible else both[1])
        yes, no = map(self.of, both)
        if yes == no:
            return yes
        return [
            case._replace(where=(Condition(condition, holds), *case.where))
            for cases, holds in ((yes, True), (no, False))
            for case in cases
        ]

    def _one(self, said: Mapping[str, bool]) -> Case:
        asked = Asked(self._known, said, self.splits)
        before, after = self._sides
        shares: dict[tuple[str | None, str | None], Fraction] = {}
        keys: set[str] = set()
        for buckets, was in answers(before, asked, ()):
            for both, now in answers(after, asked, buckets):
                shares[was, now] = shares.get((was, now), Fraction()) + share(both)
                keys |= {key for key, _, _ in both}
        found = _moves(shares, self._sides)
        if not found:
            return Case((), (), (), "exact")
        by = frozenset[str]().union(*(attributes_of(json.loads(key)) for key in keys))
        return Case((), found, tuple(sorted(by)), "expected" if len(keys) > 1 else "exact")


def _moves(
    shares: Mapping[tuple[str | None, str | None], Fraction], sides: Sequence[Definition | None]
) -> tuple[Move, ...]:
    moved = [
        Move(was, now, part) for (was, now), part in shares.items() if part and (was != now or _revalued(was, sides))
    ]
    return tuple(sorted(moved, key=lambda each: (-each.share, each.before or "", each.after or "")))


def _revalued(variant: str | None, sides: Sequence[Definition | None]) -> bool:
    """Whether a variant that is on both sides has another value, or another type, afterwards."""
    values = [(side or {}).get("variants", {}).get(variant) for side in sides]
    return json.dumps(values[0], sort_keys=True) != json.dumps(values[1], sort_keys=True)


def _times(sides: Sequence[Definition | None], now: int) -> list[int]:
    """Now, each later moment that is compared with the clock, and the second before it."""
    later = {at for side in sides if side for at in _compared(side.get("targeting")) if now < at <= END_OF_TIME}
    return sorted({now, *later, *(at - 1 for at in later)})


def _compared(logic: Any) -> Iterator[int]:
    if isinstance(logic, list):
        if any(_is_clock(each) for each in logic):
            yield from (each for each in logic if type(each) is int)
        for each in logic:
            yield from _compared(each)
    elif isinstance(logic, dict):
        for said in logic.values():
            yield from _compared(said)


def _is_clock(logic: Any) -> bool:
    return isinstance(logic, dict) and logic.get("var") in ("$flagd.timestamp", ["$flagd.timestamp"])


def _ready(key: str, definition: Definition | None, at: int) -> Definition | None:
    """A definition in which the moment and its own key are filled in."""
    return definition and {**definition, "targeting": _filled(definition.get("targeting"), at, key)}


def _filled(logic: Any, at: int, key: str) -> Any:
    if isinstance(logic, list):
        return [_filled(each, at, key) for each in logic]
    if not isinstance(logic, dict):
        return logic
    name = logic.get("var") if len(logic) == 1 else None
    name = name[0] if isinstance(name, list) and name else name
    if name in ("$flagd.timestamp", "$flagd.flagKey"):
        return at if name == "$flagd.timestamp" else key
    filled = {operator: _filled(said, at, key) for operator, said in logic.items()}
    for operator, said in filled.items():
        if operator in _ORDERS and isinstance(said, list) and [type(each) for each in said] == [int, int]:
            return _ORDERS[operator](*said)
    return filled
