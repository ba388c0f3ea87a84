"""Which places in which stores references may name: by environment, and by who wrote the layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from terrace.model.entities import Environment, extended
from terrace.model.reference import GRANT, Reference

_GRANT = re.compile(GRANT)
_TENANT = "{tenant}"
LOCAL = ("file", "env")
"""Stores that are the machine's own: what is asked there depends on where it is asked."""


class Policy(NamedTuple):
    """What references may name in one environment.

    `grants` are places. One that ends with `/` covers everything below it, any other just itself. One with `{tenant}`
    in it is for a tenant's layers, with the tenant's name put in; tenants have no others, and nobody else has those.
    """

    environment: str
    protected: bool = False
    grants: tuple[str, ...] = ()

    def refuses(self, reference: Reference, *, tenant: str = "", server: bool = False) -> str:
        """Why `reference` may not stand in a layer of the environment, or of `tenant` in it; empty if it may."""
        if server and reference.store in LOCAL:
            return f"{reference.store} references are never resolved on a server"
        if self.protected and reference.store == "env":
            return f"{self.environment} is protected, and the process's own variables are nobody's to review"
        whose = f"tenant {tenant} in {self.environment}" if tenant else self.environment
        if any(_covers(grant, reference.place) for grant in self._of(tenant)):
            return ""
        stores = sorted({grant.partition("://")[0] for grant in self._of(tenant)})
        if reference.store in stores:
            return f"{whose} may not name this place in {reference.store}"
        return f"{whose} may name {'only ' + ', '.join(stores) if stores else 'no store'}, and not {reference.store}"

    def _of(self, tenant: str) -> list[str]:
        if not tenant:
            return [grant for grant in self.grants if _TENANT not in grant]
        return [grant.replace(_TENANT, tenant) for grant in self.grants if _TENANT in grant]


def policy_of(environments: Mapping[str, Environment], name: str) -> Policy:
    """What `references` of an environment, and of those that it extends, allow. Without any, nothing is allowed."""
    grants: list[str] = []
    protected = False
    for environment in extended(environments, name):
        protected = protected or environment.protected
        grants += grants_of(environment)
    return Policy(name, protected, tuple(dict.fromkeys(grants)))


def grants_of(environment: Environment) -> tuple[str, ...]:
    """The places that the environment's own `references` list; what is not well formed allows nothing."""
    listed = environment.document.value.get("references") if environment.document else None
    if not isinstance(listed, list):
        return ()
    return tuple(grant for grant in listed if isinstance(grant, str) and _GRANT.match(grant))


def _covers(grant: str, place: str) -> bool:
    return place.startswith(grant) if grant.endswith("/") else place == grant
