"""Two targets side by side: what differs, and what only one of them has."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terrace.server.callers import Caller
from terrace.server.pages import reach
from terrace.server.pages.drawing import Drawing
from terrace.server.pages.lists import asked_text, matching
from terrace.server.pages.rows import Row, Slicing
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Shelf
from terrace.server.slices import Slices
from terrace.server.stand import Key

CHANGED, LEFT, RIGHT, SEALED, SAME = "changed", "left", "right", "sealed", "same"
KINDS = (CHANGED, LEFT, RIGHT, SEALED, SAME)


class Pair(NamedTuple):
    """One place on both sides; a side that has nothing there is None."""

    path: str
    kind: str
    left: Row | None
    right: Row | None


class Side(NamedTuple):
    """What was asked for on one side: `environment/service`, and a tenant or none."""

    target: str
    tenant: str

    @property
    def key(self) -> Key:
        """The environment and the service."""
        environment, _, service = self.target.partition("/")
        return Key(environment, service)

    @property
    def href(self) -> str:
        """The page of this side alone."""
        return reach.config_link(self.key, self.tenant)


class Comparing:
    """The page that compares two targets."""

    def __init__(self, shelf: Shelf, slices: Slices, slicing: Slicing, drawing: Drawing) -> None:
        self._shelf = shelf
        self._slices = slices
        self._slicing = slicing
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """/compare."""
        return [Route("/compare", self.compare)]

    def compare(self, request: Request) -> Response:
        """The form, and what it found."""
        caller = reach.caller_of(request)
        left, right = (Side(asked_text(request, each), asked_text(request, f"{each}_tenant")) for each in _SIDES)
        show, query = asked_text(request, "show"), asked_text(request, "q")
        found = reach.snapshots(self._shelf.served, caller)
        targets = [f"{each.key.environment}/{each.key.service}" for each in found]
        if show not in ("", "all", *KINDS):
            raise ProblemError(400, f"`show` is one of: all, {', '.join(KINDS)}.")
        asked = bool(left.target and right.target)
        pairs, missing = self._pairs(caller, left, right) if asked else ([], "")
        matched = matching(pairs, query, _searched)
        context = {
            "left": left, "right": right, "targets": targets, "asked": asked, "missing": missing, "show": show,
            "query": query, "pairs": [pair for pair in matched if _is_shown(pair, show)],
            "counts": Counter(pair.kind for pair in matched), "kinds": KINDS, "total": len(matched),
            "compare_link": reach.compare_link, "chosen": (left.target, right.target) if asked else _offered(targets),
            "tenants": sorted({name for each in found for name in reach.tenants_of(each, caller)})[:200],
        }  # fmt: skip
        return self._drawing.page(request, "compare.html", context, 404 if missing else 200)

    def _pairs(self, caller: Caller, left: Side, right: Side) -> tuple[list[Pair], str]:
        rows: list[dict[str, Row]] = []
        for name, side in zip(_SIDES, (left, right), strict=True):
            try:
                rows.append(self._rows(caller, side))
            except ProblemError as error:
                if error.status != nothing().status:
                    raise
                return [], name
        return pairs(*rows), ""

    def _rows(self, caller: Caller, side: Side) -> dict[str, Row]:
        found = reach.target(self._slices, caller, side.key, side.tenant)
        part = found.snapshot.bundle.manifest.slices[side.tenant]
        return {row.path: row for row in self._slicing.rows(found.snapshot, side.tenant, part)}


_SIDES = ("left", "right")


def pairs(left: dict[str, Row], right: dict[str, Row]) -> list[Pair]:
    """Both sides' rows by path, in the order of the left one; what only the right one has follows."""
    paths = [*left, *(path for path in right if path not in left)]
    return [Pair(path, _kind(left.get(path), right.get(path)), left.get(path), right.get(path)) for path in paths]


def _kind(left: Row | None, right: Row | None) -> str:
    if left is None:
        return RIGHT
    if right is None:
        return LEFT
    if left.hidden and right.hidden:
        # Encrypted text is another one each time: whether the secrets are the same cannot be seen from outside.
        return SEALED
    return SAME if (left.value, left.hidden) == (right.value, right.hidden) else CHANGED


def _is_shown(pair: Pair, show: str) -> bool:
    if show == "all":
        return True
    return pair.kind == show if show else pair.kind in (CHANGED, LEFT, RIGHT)


def _offered(targets: list[str]) -> tuple[str, str]:
    """What a form offers first: a service, and the same in the next environment."""
    first = next(iter(targets), "")
    service = first.partition("/")[2]
    return first, next((each for each in targets[1:] if each.partition("/")[2] == service), first)


def _searched(pair: Pair) -> str:
    return pair.path
