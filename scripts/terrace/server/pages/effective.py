"""The effective config of one target: each value, and the line that set it."""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.server.callers import Caller
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing, link
from terrace.server.pages.lists import asked_text, matching
from terrace.server.pages.rows import LAYERS, SEALED, Row, Slicing, sections
from terrace.server.shelf import Shelf
from terrace.server.slices import Slices
from terrace.server.stand import Key, Snapshot

_OFFERED = 200
"""How many tenants a field offers by name. Whoever has more types, or finds them among the tenants."""


class Effective:
    """The page of a target's effective config."""

    def __init__(self, shelf: Shelf, slices: Slices, slicing: Slicing, drawing: Drawing) -> None:
        self._shelf = shelf
        self._slices = slices
        self._slicing = slicing
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """The effective config of a target."""
        return [Route("/environments/{environment}/services/{service}", self.config)]

    def config(self, request: Request) -> Response:
        """Values by section; filtered by text and by layer."""
        caller = reach.caller_of(request)
        key = Key(request.path_params["environment"], request.path_params["service"])
        tenant, query, layer = (asked_text(request, name) for name in ("tenant", "q", "layer"))
        found = reach.target(self._slices, caller, key, tenant)
        part = found.snapshot.bundle.manifest.slices[tenant]
        rows = self._slicing.rows(found.snapshot, tenant, part)
        shown = [row for row in matching(rows, query, _searched) if layer in ("", *_kinds(row))]
        context = {
            "key": key, "tenant": tenant, "snapshot": found.snapshot, "caller_sees_all": caller.sees_all_tenants,
            "sections": sections(shown), "shown": len(shown), "total": len(rows), "query": query, "layer": layer,
            "layers": _counted(rows), "sealed": [layer for layer, _ in part.secrets],
            "tenants": reach.tenants_of(found.snapshot, caller)[:_OFFERED], "shared": caller.has_tenant(""),
            "elsewhere": self._elsewhere(caller, found.snapshot, tenant),
            "here": link("environments", key.environment, "services", key.service),
        }  # fmt: skip
        return self._drawing.page(request, "config.html", context)

    def _elsewhere(self, caller: Caller, here: Snapshot, tenant: str) -> list[tuple[str, str]]:
        """The other environments in which the caller reaches the same, each with the page that compares them."""
        key = here.key
        return [
            (
                each.key.environment,
                reach.compare_link(
                    f"{key.environment}/{key.service}", tenant, f"{each.key.environment}/{key.service}", tenant
                ),
            )
            for each in reach.snapshots(self._shelf.served, caller)
            if each.key.service == key.service and each.key != key and tenant in each.bundle.manifest.slices
        ]


def _searched(row: Row) -> str:
    return " ".join((row.path, row.value.text, *row.value.items, row.origin.where, row.variable))


def _kinds(row: Row) -> tuple[str, ...]:
    return (row.origin.layer, SEALED) if row.hidden else (row.origin.layer,)


def _counted(rows: list[Row]) -> dict[str, int]:
    counts = Counter(kind for row in rows for kind in _kinds(row))
    return {kind: counts[kind] for kind in (*LAYERS, "other", SEALED) if counts[kind]}
