"""Which variants of a flag anybody can still get, from a moment on: proved from the definition that is evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from terrace.flags.outcomes import ANYTHING, Known, Outcomes, outcomes


class Reach(NamedTuple):
    """The variants that a flag can come to; None among them is the application's own default.

    `variants` is None where any may be. `fails`: an evaluation may also end in an error. `given` names attributes that
    a context must have for this to hold.
    """

    variants: frozenset[str | None] | None
    fails: bool = False
    given: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether it is one variant, or the application's default, for everyone and from now on."""
        return not self.fails and self.variants is not None and len(self.variants) == 1

    @property
    def always(self) -> str | None:
        """That variant, None for the application's default. Only where it is constant."""
        return next(iter(self.variants or ()), None)


UNKNOWN = Reach(None, fails=True)


def reach(definition: Mapping[str, Any], now: int, *, tenant: str = "", given: Iterable[str] = ()) -> Reach:
    """What a flag, as flagd reads it, can come to for every context there is from `now` (Unix time) on.

    With `tenant`: for every context of that tenant. With `given`: for every context that has these attributes, with
    values that are neither empty nor 0 nor false.
    """
    needed = tuple(sorted(given))
    variants = definition.get("variants")
    if not isinstance(variants, Mapping) or not _are_alike(list(variants.values())):
        return UNKNOWN
    if definition.get("state") == "DISABLED":
        return Reach(frozenset({None}))
    targeting = definition.get("targeting")
    default = definition.get("defaultVariant")
    if not targeting:
        return _named([None], variants, default, needed)
    if not isinstance(targeting, dict):
        return UNKNOWN
    found = _outcomes(targeting, Known({"tenant": tenant} if tenant else {}, now, frozenset(needed)))
    if found.values is None:
        return UNKNOWN
    named = _named(found.values, variants, default, needed)
    return named._replace(fails=named.fails or found.fails)


def _outcomes(targeting: Mapping[str, Any], known: Known) -> Outcomes:
    try:
        return outcomes(targeting, known)
    except RecursionError:
        return ANYTHING


def _named(values: Iterable[Any], variants: Mapping[str, Any], default: object, given: tuple[str, ...]) -> Reach:
    """The variants that results of targeting stand for, as flagd takes them: null is the default, true is `true`."""
    found: set[str | None] = set()
    fails = False
    for value in values:
        name = _name(default) if value is None else _name(value)
        if value is None and name in (None, ""):
            found.add(None)
        elif name and name in variants:
            found.add(name)
        else:
            fails = True
    return Reach(frozenset(found), fails, given)


def _name(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _are_alike(values: list[object]) -> bool:
    """Whether each variant can be served: flagd refuses those of another type than the flag's, and null."""
    kinds = {_kind(value) for value in values}
    return len(kinds) == 1 and None not in kinds


def _kind(value: object) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "object" if isinstance(value, dict | list) else None


def everyone(definition: Mapping[str, Any], now: int, tenants: Iterable[str] = ()) -> Reach:
    """What a flag comes to for everyone, where it may take that a context has what subjects are told apart by.

    If it is not one variant for every context there is, it may be for those that have the attributes which conditions
    ask to be there, and if not for these, for each of `tenants`. `given` of what comes back says so.
    """
    found = reach(definition, now)
    if found.is_constant or not definition.get("targeting"):
        return found
    asked = sorted(_asked_for(definition.get("targeting")))
    with_them = reach(definition, now, given=asked) if asked else found
    if with_them.is_constant:
        return with_them
    names = sorted(tenants)
    of_one = [reach(definition, now, tenant=name, given=asked) for name in names[:1]]
    if of_one and of_one[0].is_constant:
        same = of_one[0].variants
        if all(each.variants == same and each.is_constant for each in _each(definition, now, names[1:], asked)):
            return Reach(same, False, tuple(sorted({"tenant", *asked})))
    return found


def _each(definition: Mapping[str, Any], now: int, tenants: Iterable[str], given: Iterable[str]) -> Iterator[Reach]:
    """One after the other: the first that differs ends the search."""
    return (reach(definition, now, tenant=name, given=given) for name in tenants)


def _asked_for(logic: object) -> set[str]:
    """The attributes that conditions ask to be there, and nothing else of them."""
    found: set[str] = set()
    ahead = [logic]
    while ahead:
        part = ahead.pop()
        if isinstance(part, list):
            ahead += part
        elif isinstance(part, dict):
            for operator, arguments in part.items():
                ahead.append(arguments)
                if operator in ("and", "if") and isinstance(arguments, list):
                    found |= {name for name in map(_name_of, arguments) if name}
    return found


def _name_of(logic: object) -> str:
    name = logic.get("var") if isinstance(logic, dict) and len(logic) == 1 else None
    return name if isinstance(name, str) and not name.startswith("$flagd") else ""
