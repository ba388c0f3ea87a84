"""The releases of an environment, and which bundle each service ran after each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.model.release import Release
from terrace.server.callers import Caller
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing, link
from terrace.server.pages.lists import asked_number, page
from terrace.server.releases import releases
from terrace.server.shelf import Served, Shelf
from terrace.server.stand import Snapshot


class Step(NamedTuple):
    """One release, and what ran after it: the digest of each service. `changes` is the page of what it changed."""

    release: Release
    moved: dict[str, str]
    ran: Mapping[str, str]
    changes: str


class History(NamedTuple):
    """The releases of an environment that a caller reaches, the newest first."""

    environment: str
    snapshots: dict[str, Snapshot]
    steps: list[Step]

    def step(self, number: int) -> Step | None:
        """The release with a number."""
        return next((step for step in self.steps if step.release.number == number), None)


def history(served: Served, caller: Caller, environment: str) -> History:
    """The history of an environment. Raises a problem for a caller who may not know of it."""
    found = {each.key.service: each for each in reach.environment_of(served, caller, environment)}
    reach.refuse_limited(caller, "Releases")
    roots = [each.root for each in found.values() if each.root is not None]
    logged = releases(roots)
    ran: dict[str, str] = {}
    steps: list[Step] = []
    before = 0
    for release in reversed(logged):
        bundles = {each.service: each.digest for each in release.bundles if each.service in found}
        if not bundles:
            continue
        moved = {service: digest for service, digest in bundles.items() if ran.get(service) != digest}
        ran = {**ran, **bundles}
        changes = between_link(environment, before, release.number) if before else ""
        steps.append(Step(release, moved, ran, changes))
        before = release.number
    return History(environment, found, steps[::-1])


def between_link(environment: str, older: int, newer: int, **query: object) -> str:
    """The page of what changed from one release to another."""
    return link("environments", environment, "releases", "changes", from_=older, to=newer, **query)


class Released:
    """The page of an environment's releases."""

    def __init__(self, shelf: Shelf, drawing: Drawing) -> None:
        self._shelf = shelf
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """The releases of an environment."""
        return [Route("/environments/{environment}/releases", self.releases)]

    def releases(self, request: Request) -> Response:
        """The log, page by page, with a choice of two releases to compare."""
        environment = request.path_params["environment"]
        found = history(self._shelf.served, reach.caller_of(request), environment)
        listed = page(found.steps, asked_number(request))
        served = {service: each.bundle.ref.digest for service, each in found.snapshots.items()}
        context = {
            "environment": environment, "listed": listed, "newest": found.steps[0] if found.steps else None,
            "served": served, "action": link("environments", environment, "releases", "changes"),
        }  # fmt: skip
        return self._drawing.page(request, "releases.html", context)
