"""How it stands: what is served since when, what was refused and why, and whether that is what was released.

Drift is told from a destination's log: what it says was released last, against what is served.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.errors import TerraceError
from terrace.server.callers import Caller
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing
from terrace.server.releases import releases
from terrace.server.shelf import Shelf
from terrace.server.stand import Key, Refused, Stand
from terrace.server.tokens import ANY

IN_STEP = "in step"
DRIFTED = "drifted"
UNKNOWN = "unknown"


class Drift(NamedTuple):
    """What is served against what was released. `number` and `digest` are of the release that the log names last."""

    state: str
    number: int = 0
    digest: str = ""
    time: str = ""
    reason: str = ""


class Standing(NamedTuple):
    """One service in one environment. `key` is None where nothing of it could ever be served."""

    key: Key | None
    place: str
    href: str
    digest: str
    commit: str
    since: datetime | None
    refused: Refused | None
    drift: Drift

    @property
    def state(self) -> str:
        """`ok`, `degraded`, `drifted` or `empty`."""
        if self.since is None:
            return "empty"
        if self.refused is not None:
            return "degraded"
        return "drifted" if self.drift.state == DRIFTED else "ok"


class Health:
    """The page of how it stands."""

    def __init__(self, shelf: Shelf, drawing: Drawing) -> None:
        self._shelf = shelf
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """/health."""
        return [Route("/health", self.health)]

    def health(self, request: Request) -> Response:
        """Each service: served, refused, drifted."""
        caller = reach.caller_of(request)
        reach.refuse_limited(caller, "Health and drift")
        found = standings(self._shelf, caller)
        return self._drawing.page(request, "health.html", {"stands": found})


def standings(shelf: Shelf, caller: Caller) -> list[Standing]:
    """How each service stands that the caller reaches, what is wrong first."""
    logs = _Logs()
    found = [_standing(shelf, stand, caller, logs) for stand in shelf.health.stands if _may_see(stand, caller)]
    order = ("empty", "degraded", "drifted", "ok")
    return sorted(found, key=lambda each: (order.index(each.state), each.key or Key(each.place, "")))


class _Logs:
    """The logs of destinations, each read once."""

    def __init__(self) -> None:
        self._read: dict[Path, dict[str, Drift] | str] = {}

    def last(self, root: Path) -> dict[str, Drift] | str:
        """What was released last of each service; or why that cannot be told."""
        if root not in self._read:
            try:
                self._read[root] = _last(root)
            except TerraceError as error:
                self._read[root] = error.message
        return self._read[root]


def _last(root: Path) -> dict[str, Drift]:
    found: dict[str, Drift] = {}
    for release in releases([root]):
        for bundle in release.bundles:
            found.setdefault(bundle.service, Drift(IN_STEP, release.number, bundle.digest, release.time))
    return found


def _standing(shelf: Shelf, stand: Stand, caller: Caller, logs: _Logs) -> Standing:
    place = str(stand.folder.relative_to(shelf.source.parent))
    now = stand.snapshot
    if now is None:
        return Standing(None, place, "", "", "", None, stand.refused, Drift(UNKNOWN))
    drift = _drift(now.root, now.key.service, now.bundle.ref.digest, logs)
    href = reach.first_link(now, caller)
    return Standing(now.key, place, href, now.bundle.ref.digest, now.commit, now.since, stand.refused, drift)


def _drift(root: Path | None, service: str, served: str, logs: _Logs) -> Drift:
    if root is None:
        return Drift(UNKNOWN, reason="This is a bundle by itself: there is no log beside it.")
    last = logs.last(root)
    if isinstance(last, str):
        return Drift(UNKNOWN, reason=last)
    if service not in last:
        return Drift(UNKNOWN, reason="The destination's log has no release of it.")
    return last[service]._replace(state=IN_STEP if last[service].digest == served else DRIFTED)


def _may_see(stand: Stand, caller: Caller) -> bool:
    """What was never served says of no environment and no service: it is for callers who have all of them."""
    if stand.snapshot is None:
        return ANY in caller.scopes.environments and ANY in caller.scopes.services
    return caller.reaches(*stand.snapshot.key)
