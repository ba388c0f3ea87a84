"""The door to the pages: whoever signed in asks with a token, and who did not is asked to sign in.

It stands before the guard and admits nobody by itself: it puts the token of a session where any other program has it,
and the guard judges that. Only pages are reached with a session. What is below /v1 wants its token in the request, so
no page elsewhere can make a browser ask there.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from terrace.server.pages.sessions import Sessions

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
ASSETS = "/assets/"
OPENED = "terrace.open"
"""What the door says to the guard of a path that is for anybody."""

SESSION = "terrace.session"
_BELOW = ("/environments/", "/tenants/", "/flags/", f"{SIGN_IN}/", ASSETS)
_PAGES = frozenset({"/", "/tenants", "/flags", "/change-flag", "/compare", "/health", SIGN_IN, SIGN_OUT})
_DROPPED = frozenset({b"www-authenticate", b"content-type", b"content-length", b"location"})
_CONTINUE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={url}"><title>Terrace</title>
<link rel="icon" href="/assets/terrace.svg"></head>
<body><p><a href="{url}">Go on</a></p></body></html>
"""


class Door:
    """Stands before the guard. Without `tokens` there is nothing to sign in with, and nobody has to."""

    def __init__(self, guard: ASGIApp, sessions: Sessions, *, tokens: bool) -> None:
        self._guard = guard
        self._sessions = sessions
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the guard."""
        if scope["type"] != "http" or not is_page(scope["path"]):
            await self._guard(scope, receive, send)
            return
        if scope["path"] in (SIGN_IN, SIGN_OUT) or scope["path"].startswith((ASSETS, f"{SIGN_IN}/")):
            scope[OPENED] = True
        if not self._tokens:
            await self._guard(scope, receive, send)
            return
        self._introduce(scope)
        await self._guard(scope, receive, _Asked(scope, send).send)

    def _introduce(self, scope: Scope) -> None:
        session = self._sessions.find(cookie(scope["headers"], session_cookie(scope)))
        if session is None or header(scope["headers"], b"authorization"):
            return
        scope[SESSION] = session
        scope["headers"] = [*scope["headers"], (b"authorization", f"Bearer {session.token}".encode())]


class _Asked:
    """Makes of "who are you" a page that asks for that."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._instead: bytes | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 401:
            await self._send(self._sign_in(message))
        elif self._instead is None:
            await self._send(message)
        elif not message.get("more_body", False):
            await self._send({"type": "http.response.body", "body": self._instead})

    def _sign_in(self, message: Message) -> Message:
        kept = [pair for pair in message["headers"] if pair[0].lower() not in _DROPPED]
        here = _here(self._scope)
        if header(self._scope["headers"], b"sec-fetch-site") == "cross-site":
            # A browser keeps a strict cookie back when a link elsewhere was followed, and sends it when a page of ours
            # leads on. So a link that somebody shared opens for whoever is signed in.
            self._instead = _CONTINUE.format(url=escape(here)).encode()
            extra = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
            return {**message, "status": 200, "headers": [*kept, *extra]}
        self._instead = b""
        location = f"{SIGN_IN}?next={quote(here, safe='/')}" if here != "/" else SIGN_IN
        extra = [(b"location", location.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store")]
        return {**message, "status": 303, "headers": [*kept, *extra]}


def is_page(path: str) -> bool:
    """Whether a page stands at `path`, or would."""
    return path in _PAGES or path.startswith(_BELOW)


def session_cookie(scope: Scope) -> str:
    """The name of the session's cookie. With `__Host-` no other host and no request in the clear can set it."""
    return "__Host-terrace" if scope["scheme"] == "https" else "terrace"


def form_cookie(scope: Scope) -> str:
    """The name of the cookie that knows a browser before somebody signed in."""
    return "__Host-terrace-form" if scope["scheme"] == "https" else "terrace-form"


def cookie(headers: Iterable[tuple[bytes, bytes]], name: str) -> str:
    """The value of a cookie; empty if it was not sent."""
    try:
        found = SimpleCookie(header(headers, b"cookie")).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The value of a header; empty if it was not sent."""
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _here(scope: Scope) -> str:
    path = quote(scope["path"], safe="/-._~")
    query = scope.get("query_string", b"").decode("latin-1")
    # A second slash at the start would make a host of what follows.
    return "/" + path.lstrip("/") + (f"?{query}" if query else "")
