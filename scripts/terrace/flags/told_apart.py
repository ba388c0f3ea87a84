"""Cases that tenants tell apart: of many conditions on the tenant, which tenants they are about."""

from __future__ import annotations

import json
from collections.abc import Sequence

from terrace.flags.cases import Case, Condition
from terrace.flags.worlds import attributes_of

_STRANGER = "\0 some tenant that is none of those"
_NOBODY = ""


def together(cases: Sequence[Case], tenants: Sequence[str]) -> tuple[Case, ...]:
    """The cases, with one condition on the tenant instead of several; those that are about nobody are left out.

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
    return tuple(
        case._replace(where=(*_condition(about, everybody), *case.where)) for case, about in found.values() if about
    )


def _is_so(condition: Condition, tenant: str) -> bool:
    from json_logic import jsonLogic
    from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS

    context = {} if tenant == _NOBODY else {"tenant": tenant}
    return bool(jsonLogic(json.loads(condition.logic), context, OPERATORS)) == condition.holds


def _condition(about: set[str], everybody: set[str]) -> tuple[Condition, ...]:
    """In as few names as it takes."""
    if about == everybody:
        return ()
    if about == {_NOBODY}:
        return (Condition(json.dumps({"===": [{"var": "tenant"}, None]}), True),)
    given = (Condition(json.dumps({"var": "tenant"}), True),) if _STRANGER in about and _NOBODY not in about else ()
    holds = _STRANGER not in about
    names = sorted((about if holds else everybody - about) - {_NOBODY, _STRANGER})
    if not names:
        return given
    asked = {"===": [{"var": "tenant"}, names[0]]} if len(names) == 1 else {"in": [{"var": "tenant"}, names]}
    return (Condition(json.dumps(asked), holds), *given)
