"""The application: a shelf, callers and routes, behind the guard."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from terrace import __version__
from terrace.bundle.signers import ANYBODY, Signers
from terrace.errors import TerraceError
from terrace.flags.usage import UsageStore
from terrace.server import access, api, asked, bundles, documented, following, health, usage
from terrace.server.access import Access
from terrace.server.callers import Callers, LocalOnly, TokenFile
from terrace.server.changes import Changes
from terrace.server.door import Door, Repository
from terrace.server.events import Configs
from terrace.server.flags import changing, described, hooks, sync
from terrace.server.flags.events import Events
from terrace.server.flags.ofrep import Ofrep
from terrace.server.flags.said import Origins
from terrace.server.flags.tickets import Tickets
from terrace.server.flags.totals import EVERY, Totals
from terrace.server.following import State
from terrace.server.guard import Guard
from terrace.server.limits import Rate
from terrace.server.listed import CallerFile, Together
from terrace.server.opened import Opener
from terrace.server.pages.sessions import Sessions
from terrace.server.pages.site import Site
from terrace.server.problems import BUG, ProblemError, problem
from terrace.server.shelf import Shelf
from terrace.server.slices import Slices
from terrace.server.spring import routes as spring
from terrace.server.spring.asked import with_passwords
from terrace.server.usage import Usage

METHODS = ("GET",)


class Settings(NamedTuple):
    """What `terrace serve` was told. Without `tokens` and `callers` who asks is on this machine; `rate` 0: no limit.

    `session_key` is what workers need in common, for a browser that asks one and then the other; empty for a new one.
    `signers`: who has to have signed what is served; nobody, if there are none.
    `own` is the folder in which the process that follows a repository says how it is; empty where none is followed.
    """

    source: str
    tokens: str = ""
    rate: float = 100.0
    burst: float = 200.0
    access_log: bool = True
    callers: str = ""
    session_key: str = ""
    own: str = ""
    flags_origins: tuple[str, ...] = ()
    """The origins of pages that may ask for flags from a browser."""
    usage: str = ""
    """The file in which usage of flags is kept; empty for none."""
    signers: Signers = ANYBODY
    hook_secret: str = ""
    """The file with the secret of webhooks; empty where none are taken."""


class Server:
    """The parts of a running server."""

    def __init__(
        self,
        settings: Settings,
        *,
        environ: Mapping[str, str] | None = None,
        written: Callable[[Access], None] = access.write,
        repository: Repository | None = None,
    ) -> None:
        self._own = Path(settings.own) if settings.own else None
        self.repository: Repository | None = repository or (Door(self._own) if self._own else None)
        self._hook = hooks.Secret(Path(settings.hook_secret)) if settings.hook_secret else None
        self.shelf = Shelf(Path(settings.source), signers=settings.signers)
        self.changes = Changes(self.shelf)
        listed = CallerFile(Path(settings.callers)) if settings.callers else None
        self.callers = _callers(settings, listed)
        slices = Slices(self.shelf, Opener(self.shelf.contents, os.environ if environ is None else environ))
        sessions = Sessions(settings.session_key)
        self.usage = Usage(UsageStore(Path(settings.usage)) if settings.usage else None)
        self.pages = Site(
            self.shelf, slices, self.callers, sessions, tokens=bool(settings.tokens or listed), listed=listed,
            usage=self.usage.store, repository=self.repository, own=self._own,
        )  # fmt: skip
        self.api = self._api(Configs(slices, self.changes))
        rate = Rate(settings.rate, settings.burst)
        self.guard = Guard(self.api, self.callers, rate, written if settings.access_log else None)
        self._totals = Totals() if settings.access_log else None
        self.app: ASGIApp = self._flags(
            with_passwords(self.pages.door(self.guard)), Tickets(sessions.secret), settings.flags_origins
        )  # fmt: skip

    def close(self) -> None:
        """Answer everybody who waits: the server is about to stop."""
        self.changes.close()

    def _flags(self, app: ASGIApp, tickets: Tickets, origins: tuple[str, ...]) -> ASGIApp:
        events = Events(self.shelf, self.changes, tickets)
        return Ofrep(app, self.shelf, self.guard, events, tickets, Origins(origins), self._totals, self.usage.counts)

    async def _add_up(self, totals: Totals) -> None:
        """Write what was added up, again and again."""
        while True:
            await asyncio.sleep(EVERY)
            totals.flush()

    def _api(self, configs: Configs) -> FastAPI:
        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            self.changes.open()
            self.shelf.follow()
            _before_the_end(self.changes.close)
            adding = asyncio.create_task(self._add_up(self._totals)) if self._totals is not None else None
            writing = asyncio.create_task(self.usage.keep_writing())
            yield
            writing.cancel()
            self.usage.close()
            if adding is not None and self._totals is not None:
                adding.cancel()
                self._totals.flush()
            self.changes.close()
            self.changes.end()
            self.shelf.close()

        made = FastAPI(
            title="Terrace", version=__version__, description="Sealed configuration, for programs in any language.",
            lifespan=lifespan, openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False,
        )  # fmt: skip
        made.include_router(api.routes(self.shelf, configs))
        made.include_router(bundles.routes(self.shelf, self.changes))
        made.include_router(usage.routes(self.shelf, self.usage))
        made.include_router(changing.routes(self.repository, self._own, self.usage.store))
        if self._hook is not None:
            made.include_router(hooks.routes(self.repository, self._hook))
        made.include_router(sync.routes(self.shelf))
        made.include_router(spring.routes(self.shelf, configs))
        made.router.routes.extend(self.pages.routes())
        self._health_routes(made)
        _refusals(made)
        made.openapi = lambda: _openapi(made)  # type: ignore[method-assign]  # this is how FastAPI is told
        return made

    def _turning(self) -> State | None:
        return following.state(self._own) if self._own else None

    def _health_routes(self, made: FastAPI) -> None:
        @made.get("/livez", **documented.LIVE, name="Whether it runs")
        async def livez() -> Response:
            """It runs, whatever it serves."""
            return _status("ok")

        @made.get("/readyz", **documented.READY, name="Whether it answers")
        async def readyz() -> Response:
            """Whether requests should come here: also while it is `degraded`, for something newer was refused."""
            turning = self._turning()
            state = "closing" if self.changes.closing else health.whole(self.shelf.health.state, turning)
            status = 503 if state in ("empty", "closing") else 200
            return Response(orjson.dumps(health.readyz(state, turning)), status, _FRESH, "application/json")

        @made.get("/configz", **documented.CONFIGZ, name="What is served")
        async def configz(request: Request) -> Response:
            """Which release is served since when, from which commit, and what was refused; no values."""
            _refuse_limited(request)
            said = health.configz(self.shelf, asked.admitted(request).caller, self._turning())
            if self.usage.store is not None:
                said["usage"] = self.usage.health
            return Response(orjson.dumps(said), headers=_FRESH, media_type="application/json")

        @made.get("/metrics", **documented.METRICS, name="Numbers")
        async def metrics(request: Request) -> Response:
            """Numbers of the worker that answers, for Prometheus."""
            _refuse_limited(request)
            counts, waiting = self.guard.counts, self.changes.count
            said = health.metrics(self.shelf, asked.admitted(request).caller, counts, waiting, self._turning())
            said += self.usage.metrics(asked.admitted(request).caller)
            return Response(said, headers={**_FRESH, "Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _callers(settings: Settings, listed: CallerFile | None) -> Callers:
    ours: Callers = TokenFile(Path(settings.tokens)) if settings.tokens else LocalOnly()
    if listed is None:
        return ours
    return Together(ours, listed) if settings.tokens else listed


def _before_the_end(close: Callable[[], None]) -> None:
    """Call `close` in this event loop when the process is told to stop.

    A web server waits until every request has ended, and tells the application then: too late for those that wait.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()

    def chained(number: int) -> None:
        before = signal.getsignal(number)

        def told(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(close)
            if callable(before):
                before(number, frame)

        # What nobody handles ends the process at once: nobody can be answered then.
        if callable(before) and before is not signal.default_int_handler:
            signal.signal(number, told)

    for number in (signal.SIGTERM, signal.SIGINT):
        chained(number)


_FRESH = {"Cache-Control": "no-store"}


def _refuse_limited(request: Request) -> None:
    if not asked.admitted(request).caller.sees_all_tenants:
        raise ProblemError(403, "This tells of all tenants, and the token is for some.")


def _status(state: str, status: int = 200) -> Response:
    return Response(orjson.dumps({"status": state}), status, _FRESH, "application/json")


def _refusals(made: FastAPI) -> None:
    """What routes raise becomes a problem. Nothing that was sent is repeated in it."""

    @made.exception_handler(ProblemError)
    async def told(_: Request, error: ProblemError) -> Response:
        return problem(error.status, error.detail, error.headers)

    @made.exception_handler(RequestValidationError)
    async def not_well_formed(_: Request, error: RequestValidationError) -> Response:
        names = sorted({str(each["loc"][-1]) for each in error.errors()})
        return problem(422, f"Not well formed: {', '.join(names)}.")

    @made.exception_handler(HTTPException)
    async def no_route(_: Request, error: HTTPException) -> Response:
        says = "This method is not there." if error.status_code == 405 else "There is no such page."
        return problem(error.status_code, says, error.headers)

    @made.exception_handler(Exception)
    async def bug(_: Request, error: Exception) -> Response:
        return problem(500, BUG)

    @made.exception_handler(TerraceError)
    async def away(_: Request, error: TerraceError) -> Response:
        return problem(503, "It cannot be read now.", {"Retry-After": "1"})


def _openapi(made: FastAPI) -> dict[str, Any]:
    if made.openapi_schema is None:
        said = get_openapi(title=made.title, version=made.version, description=made.description, routes=made.routes)
        parts = said.setdefault("components", {})
        parts["schemas"] = {
            "Problem": documented.PROBLEM, "Configuration": documented.CONFIGURATION, **described.SCHEMAS,
        }  # fmt: skip
        said["paths"].update(described.PATHS)
        parts["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "trc_<id>_<secret> or JWT"},
            "password": {"type": "http", "scheme": "basic", "description": "The token as password, of any user."},
            **described.SECURITY,
        }
        made.openapi_schema = said
    return made.openapi_schema
