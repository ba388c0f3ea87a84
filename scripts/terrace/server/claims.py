"""What the claims of a token give: the scopes of the first rule that holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from terrace.server.caller_file import FromClaim, Rule
from terrace.server.tokens import Scopes

_TENANT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def holds(where: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether every condition holds. Text is equal to text only, and `true` is no number."""
    return all(name in claims and _is(wanted, claims[name]) for name, wanted in where.items())


def scopes(rule: Rule, claims: Mapping[str, Any]) -> Scopes | None:
    """What a rule gives; None where a claim that should name tenants names none, or what cannot be one."""
    tenants = rule.tenants
    if isinstance(tenants, FromClaim):
        said = claims.get(tenants.claim)
        names = said if isinstance(said, list) else [said]
        # "*" is all tenants and "" none: only the file says that, never a token.
        tenants = tuple(each for each in names if isinstance(each, str) and _TENANT.fullmatch(each))
        if not tenants or len(tenants) < len(names):
            return None
    return Scopes(rule.environments, rule.services, tenants, rule.may)


def _is(wanted: object, given: object) -> bool:
    if isinstance(wanted, dict):
        return isinstance(given, dict) and holds(wanted, given)
    if isinstance(wanted, list):
        return any(_is(each, given) for each in wanted)
    if isinstance(given, list):
        return any(type(each) is type(wanted) and each == wanted for each in given)
    return type(given) is type(wanted) and given == wanted
