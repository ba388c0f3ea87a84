"""The pages of a server: their routes, their files, and what goes wrong, as pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from terrace.errors import TerraceError
from terrace.flags.usage import UsageStore
from terrace.server.callers import Callers
from terrace.server.door import Repository
from terrace.server.listed import CallerFile
from terrace.server.pages.between import Between
from terrace.server.pages.comparing import Comparing
from terrace.server.pages.door import ASSETS, Door
from terrace.server.pages.drawing import Drawing
from terrace.server.pages.effective import Effective
from terrace.server.pages.flags.changing import Changing
from terrace.server.pages.flags.known import Known
from terrace.server.pages.flags.listing import Listing
from terrace.server.pages.flags.one import One
from terrace.server.pages.flags.repository import Reading
from terrace.server.pages.overview import Overview
from terrace.server.pages.released import Released
from terrace.server.pages.rows import Slicing
from terrace.server.pages.sessions import Sessions
from terrace.server.pages.signing import Signing
from terrace.server.pages.standing import Health
from terrace.server.problems import ProblemError, nothing
from terrace.server.shelf import Shelf
from terrace.server.slices import Slices

_TITLES = {403: "Not for you", 404: "Not here", 503: "Not now"}
_AWAY = "The release cannot be read at this moment. A newer one is there, or will be soon: load the page again."
_FOREVER = "public, max-age=31536000, immutable"


class Site:
    """The pages for what is on a shelf. `tokens`: whether callers sign in; `listed`, the providers where they may.

    `usage` is where it is kept how often flags are asked for; `repository`, the process that follows one, which has
    the folder `own`.
    """

    def __init__(
        self,
        shelf: Shelf,
        slices: Slices,
        callers: Callers,
        sessions: Sessions,
        *,
        tokens: bool,
        listed: CallerFile | None = None,
        usage: UsageStore | None = None,
        repository: Repository | None = None,
        own: Path | None = None,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._drawing = Drawing(self._sessions, tokens=tokens)
        slicing = Slicing(shelf.contents)
        known, reading = Known(shelf), Reading(repository)
        self._parts = (
            Overview(shelf, self._drawing), Effective(shelf, slices, slicing, self._drawing),
            Comparing(shelf, slices, slicing, self._drawing), Released(shelf, self._drawing),
            Between(shelf, slicing, self._drawing), Health(shelf, self._drawing),
            Listing(known, reading, usage, self._drawing), One(known, reading, usage, self._drawing),
            Changing(known, repository, own, self._drawing, self._sessions),
            Signing(self._drawing, self._sessions, callers, tokens=tokens, listed=listed),
        )  # fmt: skip

    def routes(self) -> list[BaseRoute]:
        """All pages, and the files that they need."""
        found: list[BaseRoute] = [Route(ASSETS + "{name}", self._asset)]
        for part in self._parts:
            found += [_told(route, self._problem) for route in part.routes()]
        return found

    def door(self, guard: ASGIApp) -> ASGIApp:
        """What stands before the guard, so that whoever signed in is let in."""
        return Door(guard, self._sessions, tokens=self._tokens)

    async def _asset(self, request: Request) -> Response:
        found = self._drawing.assets.get(request.path_params["name"])
        if found is None:
            return self._problem(request, nothing())
        # A name without the mark of its content may mean another file tomorrow.
        lasting = _FOREVER if request.query_params.get("v") == found.mark else "no-cache"
        return Response(found.data, headers={"Cache-Control": lasting}, media_type=found.media)

    def _problem(self, request: Request, error: ProblemError) -> Response:
        context = {"title": _TITLES.get(error.status, "Not understood"), "detail": error.detail}
        response = self._drawing.page(request, "problem.html", context, error.status)
        response.headers.update(error.headers)
        return response


def _told(route: Route, problem: Callable[[Request, ProblemError], Response]) -> Route:
    """`route`, which makes a page of what goes wrong."""
    endpoint = route.endpoint

    async def told(request: Request) -> Response:
        try:
            if _is_async(endpoint):
                response: Response = await endpoint(request)
            else:
                response = await run_in_threadpool(endpoint, request)
        except ProblemError as error:
            return problem(request, error)
        except TerraceError:
            return problem(request, ProblemError(503, _AWAY, {"Retry-After": "1"}))
        return response

    return Route(route.path, told, methods=sorted(route.methods or ("GET",)), include_in_schema=False)


def _is_async(endpoint: Callable[..., object]) -> bool:
    import inspect

    return inspect.iscoroutinefunction(endpoint)
