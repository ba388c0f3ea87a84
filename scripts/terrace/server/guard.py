"""What every request passes: who asks, how often and how much, and what every response says and the log records."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from math import ceil

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from terrace.server.access import Access
from terrace.server.asked import Admitted
from terrace.server.callers import Caller, Callers
from terrace.server.flags import hooks
from terrace.server.limits import Rate
from terrace.server.pages.door import OPENED
from terrace.server.peers import NOBODY, STATE, Peer
from terrace.server.problems import BUG, ProblemError, problem

LARGEST_BODY = 64 * 1024
LONGEST_URL = 4096
OPEN = frozenset({"/livez", "/readyz", "/v1/openapi.json", hooks.PATH})
"""What is answered to anybody: it says nothing of anything, or is signed."""

_HEADERS = (
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="terrace"'}
_UNKNOWN = "A token is needed: Authorization: Bearer ..."
log = logging.getLogger("terrace.server")


class Guard:
    """Stands before `app`. `written` gets each request when it is over; `counts` are responses by status."""

    def __init__(
        self, app: ASGIApp, callers: Callers, rate: Rate, written: Callable[[Access], None] | None = None
    ) -> None:
        self._app = app
        self._callers = callers
        self._rate = rate
        self.written = written
        self.counts: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from its admission to its line in the log."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, send)
        try:
            await self._pass(passage, scope, receive)
        except Exception:
            log.exception("request %s failed: a bug of ours", passage.id)
            if not passage.status:
                await problem(500, BUG)(scope, receive, passage.send)
        finally:
            self.counts[passage.status] += 1
            if self.written is not None:
                self.written(passage.access())

    async def _pass(self, passage: _Passage, scope: Scope, receive: Receive) -> None:
        try:
            _check_size(scope)
            await self._admit(passage, scope)
            await self._app(scope, _limited(receive, _largest(scope)), passage.send)
        except ProblemError as error:
            await problem(error.status, error.detail, error.headers)(scope, receive, passage.send)

    async def _admit(self, passage: _Passage, scope: Scope) -> None:
        admitted = await self.known(scope, _header(scope, b"authorization"), _header(scope, b"host"))
        is_open = scope["path"] in OPEN or OPENED in scope
        caller = admitted.caller if admitted is not None else None
        if caller is not None:
            passage.caller = caller.name
            scope["terrace.admitted"] = admitted
        if not is_open or caller is not None or scope["path"] == hooks.PATH:
            self.count(caller, passage.client)
        if not is_open:
            self.let_in(caller)

    async def known(self, scope: Scope, authorization: str, host: str) -> Admitted | None:
        """Who asks, with what a request says of that; None for nobody known."""
        client = str((scope.get("client") or ("", 0))[0])
        peer: Peer = scope.get("state", {}).get(STATE, NOBODY)

        def again() -> Caller | None:
            return self._callers.caller(authorization, client, host, peer)

        await self._callers.ready(authorization)
        caller = again()
        return None if caller is None else Admitted(caller, again)

    def count(self, caller: Caller | None, client: str) -> None:
        """Count a request. Raises a problem where its caller, or its address, has asked too often."""
        # Who has no token is counted by address: guessing is no faster than asking.
        who = f"token {caller.name}" if caller else f"address {client}"
        waits = self._rate.seconds_until(who, time.monotonic())
        if waits:
            raise ProblemError(429, "Too many requests.", {"Retry-After": str(ceil(waits))})

    def let_in(self, caller: Caller | None) -> Caller:
        """The caller. Raises a problem for nobody known."""
        if caller is None:
            raise ProblemError(401, _UNKNOWN, _CHALLENGE)
        return caller


class _Passage:
    """One request on its way, and the response to it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        given = _header(scope, b"x-request-id")
        self.id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self.client = str((scope.get("client") or ("", 0))[0])
        self.caller = ""
        self.status = 0
        self._sent = 0
        self._scope, self._send = scope, send
        self._began = time.monotonic()

    async def send(self, message: Message) -> None:
        """Pass a part of the response on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {
                **message,
                "headers": [*message.get("headers", ()), *_HEADERS, (b"x-request-id", self.id.encode())],
            }
        elif message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
        await self._send(message)

    def access(self) -> Access:
        """What the log says of the request."""
        scope = self._scope
        seconds = time.monotonic() - self._began
        said = (scope["method"], scope["path"], scope.get("query_string", b""))
        return Access(self.id, self.client, self.caller, *said, self.status, self._sent, seconds)


def _check_size(scope: Scope) -> None:
    if len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b"")) > LONGEST_URL:
        raise ProblemError(414, f"The URL is longer than {LONGEST_URL} bytes.")
    length = _header(scope, b"content-length")
    if length.isdigit() and int(length[:12]) > _largest(scope):
        raise _too_large(_largest(scope))


def _largest(scope: Scope) -> int:
    return hooks.LARGEST if scope["path"] == hooks.PATH else LARGEST_BODY


def _limited(receive: Receive, most: int) -> Receive:
    """`receive`, which ends a body that is too large and did not say so."""
    got = 0

    async def limited() -> Message:
        nonlocal got
        message = await receive()
        if message["type"] == "http.request":
            got += len(message.get("body", b""))
            if got > most:
                raise _too_large(most)
        return message

    return limited


def _too_large(most: int) -> ProblemError:
    return ProblemError(413, f"The body is larger than {most} bytes.")


def _header(scope: Scope, name: bytes) -> str:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value.decode("latin-1") for key, value in headers if key == name), "")
