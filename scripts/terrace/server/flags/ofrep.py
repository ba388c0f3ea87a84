"""The routes of OFREP: one flag, all flags, and the stream that tells when they change.

They stand before everything else, for a flag is evaluated in microseconds and what other requests pass takes a hundred
of them. Who asks and how often is judged as everywhere, by the guard.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from terrace.flags.counting import Counts
from terrace.server.access import Access
from terrace.server.callers import Caller
from terrace.server.flags import who
from terrace.server.flags.bulk import bulk, tag_of, tenant_of
from terrace.server.flags.events import RENEW, Events
from terrace.server.flags.known import Known
from terrace.server.flags.reloading import Reloading
from terrace.server.flags.said import EVERY, JSON, Origins, RefusedError, Said
from terrace.server.flags.tickets import Tickets
from terrace.server.flags.totals import Asked, Totals
from terrace.server.guard import LARGEST_BODY, LONGEST_URL, Guard
from terrace.server.problems import BUG, ProblemError
from terrace.server.shelf import Shelf

ALL = "/ofrep/v1/evaluate/flags"
EVENTS = "/ofrep/v1/events"
_ONE = f"{ALL}/"
_BELOW = "/env/"
_MANY = 300
"""From so many flags on that have to be evaluated, others are let in between."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_PROCESS = secrets.token_hex(5).encode()
_NUMBERS = count()
"""Requests are numbered: a random name for each would cost as much as an evaluation."""

log = logging.getLogger("terrace.server")


class Place(NamedTuple):
    """What a path asks for: `kind` is `one`, `all`, `events`, or empty for nothing that is there."""

    kind: str
    environment: str = ""
    key: str = ""


class Asking:
    """One request on its way."""

    __slots__ = ("admitted", "began", "caller", "client", "environment", "headers", "id", "place", "scope")

    def __init__(self, scope: Scope, place: Place) -> None:
        self.scope, self.place = scope, place
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-request-id", b"")
        self.id = given if given and _REQUEST_ID.fullmatch(given) else b"%s%06x" % (_PROCESS, next(_NUMBERS) & 0xFFFFFF)
        self.client = (scope.get("client") or ("",))[0]
        self.caller = ""
        self.environment = place.environment
        self.began = time.perf_counter()

    def header(self, name: bytes) -> str:
        """A header; empty if it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def authorization(self) -> str:
        """The token: as everywhere, or in `X-API-Key`."""
        said = self.header(b"authorization")
        key = self.header(b"x-api-key")
        return said if said or not key else f"Bearer {key}"


class Ofrep:
    """Stands before `app`, which gets what is not below /ofrep or /env. `totals` is None where nothing is logged."""

    def __init__(
        self, app: ASGIApp, shelf: Shelf, guard: Guard, events: Events, tickets: Tickets, origins: Origins,
        totals: Totals | None, counts: Counts,
    ) -> None:  # fmt: skip
        self._counts = counts
        self._app, self._shelf, self._guard = app, shelf, guard
        self._events, self._tickets, self._origins, self._totals = events, tickets, origins, totals
        self._reloading = Reloading(shelf)
        self._known = Known(guard)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on what is for others."""
        path: str = scope["path"] if scope["type"] == "http" else ""
        if not path.startswith(("/ofrep/", _BELOW)):
            await self._app(scope, receive, send)
            return
        asking = Asking(scope, placed(path))
        try:
            said = await self._said(asking, receive, send)
        except RefusedError as error:
            said = error.said(asking.place.key if asking.place.kind == "one" else None)
        except ProblemError as error:
            refused = RefusedError(error.status, "GENERAL", error.detail, error.headers)
            said = refused.said(asking.place.key if asking.place.kind == "one" else None)
        except Exception:
            log.exception("request %s failed: a bug of ours", asking.id.decode())
            said = RefusedError(500, "GENERAL", BUG).said(None)
        if said is not None:
            await self._send(asking, said, send)
            self._record(asking, said)

    async def _said(self, asking: Asking, receive: Receive, send: Send) -> Said | None:
        place, method = asking.place, asking.scope["method"]
        if not place.kind:
            raise RefusedError(404, "GENERAL", f"There is {ALL}, {ALL}/KEY and {EVENTS}.")
        allowed = "GET" if place.kind == "events" else "POST"
        _check_size(asking)
        if method == "OPTIONS":
            self._guard.count(None, asking.client)
            return self._origins.preflight(asking.headers.get(b"origin"), allowed.encode())
        if method != allowed:
            raise RefusedError(405, "GENERAL", f"It is {allowed}.", {"Allow": f"{allowed}, OPTIONS"})
        if place.kind == "events":
            await self._listened(asking, receive, send)
            return None
        caller = await self._known.caller(asking.scope, asking.authorization, asking.client, asking.header(b"host"))
        asking.caller = caller.name if caller is not None else ""
        self._guard.count(caller, asking.client)
        return await self._evaluated(asking, self._guard.let_in(caller), await _body(receive))

    async def _evaluated(self, asking: Asking, caller: Caller, body: bytes) -> Said:
        place = asking.place
        flags = who.flags_for(self._shelf, caller, place.environment, asking.header(b"flagd-selector"))
        asking.environment = flags.environment
        has = asking.headers.get(b"if-none-match")
        query: bytes = asking.scope.get("query_string", b"")
        if b"flagConfig" in query:
            etag, modified = _heard(query)
            if etag.startswith(RENEW):
                has = None
            else:
                flags = await self._reloading.fresh(flags, etag, modified)
        context = who.bound(caller, who.context_of(_parsed(body)))
        if place.kind == "one":
            answer = flags.answer(place.key, context)
            self._counts.count(flags.environment, answer.flag, answer.variant, tenant_of(context), answer.reason)
            return Said(answer.status, answer.body, (JSON,), 1)
        tag = tag_of(flags, context)
        if has is not None and tag in has:
            return Said(304, headers=((b"etag", tag),))
        more = (flags, context, caller, tag, self._tickets, asking.scope.get("root_path", ""), self._counts)
        return bulk(*more) if flags.open_count < _MANY else await run_in_threadpool(bulk, *more)

    async def _listened(self, asking: Asking, receive: Receive, send: Send) -> None:
        """Serve a stream, to its end. The ticket in its URL is written down nowhere."""
        self._guard.count(None, asking.client)
        token = parse_qs(asking.scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        stream, asking.caller = self._events.stream(token, asking.header(b"last-event-id")[:200])
        sent = 0

        async def sending(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                kept = [each for each in message["headers"] if each[0] not in (b"content-length",)]
                message = {**message, "headers": [*kept, *EVERY[1:], *self._more(asking)]}
            sent += len(message.get("body", b""))
            await send(message)

        await stream(asking.scope, receive, sending)
        self._record(asking, Said(200, b"." * 0), sent)

    def _more(self, asking: Asking) -> list[tuple[bytes, bytes]]:
        return [(b"x-request-id", asking.id), *self._origins.headers(asking.headers.get(b"origin"))]

    async def _send(self, asking: Asking, said: Said, send: Send) -> None:
        headers = [*said.headers, *EVERY, *self._more(asking)]
        if said.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(said.body)))
        await send({"type": "http.response.start", "status": said.status, "headers": headers})
        await send({"type": "http.response.body", "body": said.body})

    def _record(self, asking: Asking, said: Said, sent: int | None = None) -> None:
        self._guard.counts[said.status] += 1
        seconds = time.perf_counter() - asking.began
        sent = len(said.body) if sent is None else sent
        if said.evaluated or said.status == 304:
            if self._totals is not None:
                asked = Asked(asking.caller, asking.environment, asking.place.kind, said.status)
                self._totals.add(asked, said.evaluated, sent, seconds)
        elif self._guard.written is not None:
            scope = asking.scope
            what = (scope["method"], scope["path"], b"", said.status, sent, seconds)
            self._guard.written(Access(asking.id.decode(), asking.client, asking.caller, *what))


def placed(path: str) -> Place:
    """What a path asks for."""
    environment = ""
    if path.startswith(_BELOW):
        environment, _, rest = path[len(_BELOW) :].partition("/")
        path = f"/{rest}"
        if not environment:
            return Place("")
    if path.startswith(_ONE):
        return Place("one", environment, path[len(_ONE) :])
    kind = {ALL: "all", EVENTS: "events"}.get(path, "")
    return Place(kind, environment)


def _heard(query: bytes) -> tuple[str, str]:
    said = parse_qs(query.decode("latin-1"))
    return said.get("flagConfigEtag", [""])[0], said.get("flagConfigLastModified", [""])[0]


def _check_size(asking: Asking) -> None:
    scope = asking.scope
    if len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b"")) > LONGEST_URL:
        raise RefusedError(414, "GENERAL", f"The URL is longer than {LONGEST_URL} bytes.")
    length = asking.headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:12]) > LARGEST_BODY:
        raise _too_large()


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise _too_large()
    if len(body) > LARGEST_BODY:
        raise _too_large()
    return body


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, "PARSE_ERROR", "The body is no JSON.") from error
    if not isinstance(said, dict):
        raise RefusedError(400, "PARSE_ERROR", "The body is no object.")
    return said


def _too_large() -> RefusedError:
    return RefusedError(413, "GENERAL", f"The body is larger than {LARGEST_BODY} bytes.")
