"""What there is: environments with their services, one environment, tenants, one tenant."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.server.callers import Caller
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing
from terrace.server.pages.lists import asked_number, asked_text, matching, page
from terrace.server.pages.standing import Standing, standings
from terrace.server.problems import nothing
from terrace.server.shelf import Shelf
from terrace.server.stand import Key, Snapshot


class Service(NamedTuple):
    """A service in an environment, for a list. `standing` is None for callers who may not know of it."""

    key: Key
    href: str
    version: str
    since: datetime
    digest: str
    tenants: int
    standing: Standing | None


class Environment(NamedTuple):
    """An environment, for a list."""

    name: str
    kind: str
    protected: bool
    services: list[Service]
    tenants: int


class Place(NamedTuple):
    """A service in an environment, as one tenant has it. `own`: whether its values are others than without a tenant."""

    key: Key
    href: str
    own: bool
    compare: str


class Overview:
    """The pages of what there is."""

    def __init__(self, shelf: Shelf, drawing: Drawing) -> None:
        self._shelf = shelf
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """Home, an environment, tenants, a tenant."""
        return [
            Route("/", self.home),
            Route("/environments/{environment}", self.environment),
            Route("/tenants", self.tenants),
            Route("/tenants/{tenant}", self.tenant),
        ]

    def home(self, request: Request) -> Response:
        """Everything at a glance."""
        caller, served = reach.caller_of(request), self._shelf.served
        grouped = reach.by_environment(reach.snapshots(served, caller))
        stands = standings(self._shelf, caller) if caller.sees_all_tenants else []
        environments = [_environment(name, found, caller, _by_key(stands)) for name, found in grouped.items()]
        names = {tenant for found in grouped.values() for each in found for tenant in reach.tenants_of(each, caller)}
        context = {"environments": environments, "tenants": len(names), "stands": stands}
        return self._drawing.page(request, "home.html", context)

    def environment(self, request: Request) -> Response:
        """One environment: its services, and its tenants page by page."""
        caller = reach.caller_of(request)
        name = request.path_params["environment"]
        found = reach.environment_of(self._shelf.served, caller, name)
        query = asked_text(request, "q")
        names = sorted({tenant for each in found for tenant in reach.tenants_of(each, caller)})
        listed = page(matching(names, query, str), asked_number(request))
        rows = [(tenant, [_place(each, tenant) for each in found if _has(each, tenant)]) for tenant in listed.items]
        stands = standings(self._shelf, caller) if caller.sees_all_tenants else []
        context = {
            "environment": _environment(name, found, caller, _by_key(stands)),
            "rows": rows, "listed": listed, "query": query, "any_tenants": bool(names),
            "releases": caller.sees_all_tenants and any(each.root for each in found),
        }  # fmt: skip
        return self._drawing.page(request, "environment.html", context)

    def tenants(self, request: Request) -> Response:
        """All tenants, searched and page by page."""
        caller, query = reach.caller_of(request), asked_text(request, "q")
        wanted = asked_text(request, "environment")
        found = reach.snapshots(self._shelf.served, caller)
        grouped = reach.by_environment(found)
        within = grouped.get(wanted, []) if wanted else found
        names = sorted({tenant for each in within for tenant in reach.tenants_of(each, caller)})
        listed = page(matching(names, query, str), asked_number(request))
        rows = [(tenant, [_place(each, tenant) for each in found if _has(each, tenant)]) for tenant in listed.items]
        context = {
            "rows": [(tenant, _by_environment(places)) for tenant, places in rows], "listed": listed,
            "query": query, "environments": list(grouped), "environment": wanted,
        }  # fmt: skip
        return self._drawing.page(request, "tenants.html", context)

    def tenant(self, request: Request) -> Response:
        """One tenant: where it has configuration."""
        caller, name = reach.caller_of(request), request.path_params["tenant"]
        places = [
            _place(each, name)
            for each in reach.snapshots(self._shelf.served, caller)
            if caller.has_tenant(name) and _has(each, name)
        ]
        if not places or not name:
            raise nothing()
        shared = caller.has_tenant("")
        context = {"tenant": name, "places": _by_environment(places), "shared": shared}
        return self._drawing.page(request, "tenant.html", context)


def _by_key(stands: list[Standing]) -> dict[Key, Standing]:
    return {each.key: each for each in stands if each.key is not None}


def _environment(name: str, found: list[Snapshot], caller: Caller, stands: dict[Key, Standing]) -> Environment:
    services = [
        Service(
            each.key, reach.first_link(each, caller), each.bundle.manifest.schema_version, each.since,
            each.bundle.ref.digest if caller.sees_all_tenants else "", len(reach.tenants_of(each, caller)),
            stands.get(each.key),
        )
        for each in found
    ]  # fmt: skip
    tenants = {tenant for each in found for tenant in reach.tenants_of(each, caller)}
    return Environment(name, *reach.kind_of(found[0]), services, len(tenants))


def _has(snapshot: Snapshot, tenant: str) -> bool:
    return tenant in snapshot.bundle.manifest.slices


def _place(snapshot: Snapshot, tenant: str) -> Place:
    slices, key = snapshot.bundle.manifest.slices, snapshot.key
    own = slices[tenant] != slices[""]
    target = f"{key.environment}/{key.service}"
    compare = reach.compare_link(target, "", target, tenant)
    return Place(key, reach.config_link(key, tenant), own, compare)


def _by_environment(places: list[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for place in places:
        found.setdefault(place.key.environment, []).append(place)
    return found
