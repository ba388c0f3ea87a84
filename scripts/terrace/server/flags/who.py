"""Which environment a request for flags is of, and whose tenant counts in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from terrace.server.callers import Caller
from terrace.server.flags.said import RefusedError
from terrace.server.flags.served import Flags
from terrace.server.shelf import Shelf
from terrace.server.tokens import ANY

_SELECTED = re.compile(r"\s*flagSetId\s*=\s*(\S{1,253})\s*")
_NOT_HERE = "There are no flags of this environment, or they are not for this caller."
_WHICH = (
    "Say of which environment: ask at /env/ENVIRONMENT/ofrep/v1/..., send Flagd-Selector: flagSetId=ENVIRONMENT, "
    "or use a token that is for one environment."
)


def flags_for(shelf: Shelf, caller: Caller, environment: str, selector: str) -> Flags:
    """The flags that a caller asks for: of the environment in the path, or in `Flagd-Selector`, or the only one."""
    if "flags" not in caller.scopes.may:
        raise RefusedError(403, "GENERAL", "This token is not for flags: terrace tokens create --may flags ...")
    name = environment or _selected(selector) or _only(shelf, caller)
    found = shelf.flags.get(name)
    if found is None or found.flags is None or not caller.evaluates(name):
        raise RefusedError(404, "GENERAL", _NOT_HERE)
    return found.flags


def bound(caller: Caller, context: dict[str, Any]) -> dict[str, Any]:
    """`context` with the tenant whose the caller is, whatever it says itself.

    Who is for several tenants says which; another than these is none. So no answer tells of a tenant that is not the
    caller's, not even that it is there.
    """
    tenants = caller.scopes.tenants
    if ANY in tenants:
        return context
    if len(tenants) == 1 and tenants[0]:
        context["tenant"] = tenants[0]
    elif context.get("tenant") not in [each for each in tenants if each]:
        context.pop("tenant", None)
    return context


def _selected(selector: str) -> str:
    if not selector:
        return ""
    found = _SELECTED.fullmatch(selector)
    if found is None:
        raise RefusedError(400, "GENERAL", "Flagd-Selector is flagSetId=ENVIRONMENT here.")
    return found[1]


def _only(shelf: Shelf, caller: Caller) -> str:
    """The one environment that a token is for, or else the only one of those served that is for this caller."""
    named = caller.scopes.environments
    if len(named) == 1 and named[0] != ANY:
        return named[0]
    seen = [name for name in shelf.flags if caller.evaluates(name)]
    if len(seen) != 1:
        raise RefusedError(*((404, "GENERAL", _NOT_HERE) if not seen else (400, "GENERAL", _WHICH)))
    return seen[0]


def context_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The context in the body of a request."""
    context = said.get("context")
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise RefusedError(400, "INVALID_CONTEXT", "`context` is no object.")
    if not isinstance(context.get("targetingKey", ""), str | None):
        raise RefusedError(400, "INVALID_CONTEXT", "`targetingKey` is no text.")
    return context
