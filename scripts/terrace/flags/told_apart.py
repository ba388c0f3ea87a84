"""Cases that tenants tell apart: of many conditions on the tenant, which tenants they are about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from terrace.flags.cases import Case, Condition
from terrace.flags.worlds import attributes_of, fallen

_STRANGER = "\0 some tenant that is none of those"
_NOBODY = ""


def together(cases: Sequence[Case], tenants: Sequence[str]) -> tuple[tuple[Case, ...], set[str]]:
    """The cases, with one condition on the tenant instead of several, and the tenants of which some may move.

    Cases that are about nobody are left out.

    Of tenants there are those that are named here, others, and subjects that have none.
    """
    found: dict[object, tuple[Case, set[str]]] = {}
    everybody = {*tenants, _STRANGER, _NOBODY}
    for case in cases:
        others = tuple(each for each in case.where if attributes_of(json.loads(each.logic)) != {"tenant"})
        mine = [each for each in case.where if each not in others]
        about = {name for name in everybody if all(_is_so(each, name) for each in mine)}
        rest = case._replace(where=others)
        alike = (frozenset(others), rest[1:])
        found.setdefault(alike, (rest, set()))[1].update(about)
    said = tuple(
        case._replace(where=(*_condition(about, everybody), *case.where)) for case, about in found.values() if about
    )
    return said, set[str]().union(*(about for case, about in found.values() if case.moves))


def place_of(
    tenant: str, conditions: Iterable[str], splits: Iterable[tuple[str, tuple[int, ...]]]
) -> tuple[object, ...]:
    """What tells a tenant apart from others: those with the same get the same of a flag in which no more is asked."""
    found: list[object] = []
    for condition in conditions:
        names = attributes_of(json.loads(condition))
        if "tenant" in names:
            found.append(_is_so(Condition(condition, True), tenant) if len(names) == 1 else tenant)
    for key, weights in splits:
        logic = json.loads(key)
        if "tenant" in attributes_of(logic):
            value = _asked(logic, tenant)
            found.append(
                fallen(value, weights) if isinstance(value, str) and len(attributes_of(logic)) == 1 else tenant
            )
    return tuple(found)


def _asked(logic: Any, tenant: str) -> Any:
    from json_logic import jsonLogic
    from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

    return jsonLogic(logic, {} if tenant == _NOBODY else {"tenant": tenant}, OPERATORS)


def _is_so(condition: Condition, tenant: str) -> bool:
    return bool(_asked(json.loads(condition.logic), tenant)) == condition.holds


def _condition(about: set[str], everybody: set[str]) -> tuple[Condition, ...]:
    """In as few names as it takes."""
    if about == everybody:
        return ()
    absent = {"===": [{"var": "tenant"}, None]}
    if about == {_NOBODY}:
        return (Condition(json.dumps(absent), True),)
    given = (Condition(json.dumps({"var": "tenant"}), True),) if _STRANGER in about and _NOBODY not in about else ()
    holds = _STRANGER not in about
    names = sorted((about if holds else everybody - about) - {_NOBODY, _STRANGER})
    if not names:
        return given
    asked: dict[str, Any] = (
        {"===": [{"var": "tenant"}, names[0]]} if len(names) == 1 else {"in": [{"var": "tenant"}, names]}
    )
    if holds and _NOBODY in about:
        asked = {"or": [asked, absent]}
    return (Condition(json.dumps(asked), holds), *given)
