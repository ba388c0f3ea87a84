"""Signing in with a browser at a provider of OIDC: the code flow, with PKCE, state and nonce.

Nothing is kept here while somebody signs in: what must be remembered goes into a cookie that only this server can read,
for ten minutes. In the end there is a token of the provider, which is judged as any program's is.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson
from cryptography.fernet import Fernet, InvalidToken
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from terrace.errors import TerraceError
from terrace.server import fetch
from terrace.server.bearer import RefusedTokenError
from terrace.server.caller_file import Issuer, SignIn
from terrace.server.discovery import Discovered, discover
from terrace.server.listed import CallerFile
from terrace.server.problems import ProblemError
from terrace.server.provider import FRESH

BELOW = "/sign-in/oidc/"
"""The paths of this flow, which are for anybody."""

SECONDS = 600
_LOCAL = re.compile(r"/(?![/\\])[!-~]*")
_AGAIN = "This sign-in was not begun here, or too long ago. Please try again."
_REFUSED = "The provider says who you are, and nothing here is for you. Or it could not be asked."
log = logging.getLogger("terrace.server")
Begin = Callable[[Request, str, str], Response]
"""Begins a session with a token, and leads on to a path of this server."""


class Flow(NamedTuple):
    """One sign-in, on its way."""

    name: str
    state: str
    nonce: str
    verifier: str
    onward: str


class OidcSignIn:
    """The two routes of each provider that has `sign_in`. `key` is shared by all workers."""

    def __init__(self, callers: CallerFile, key: bytes, begin: Begin, clock: Callable[[], float] = time.time) -> None:
        self._callers, self._begin, self._clock = callers, begin, clock
        # The key of other cookies is never used for these.
        own = hmac.digest(key, b"terrace sign-in at a provider", "sha256")
        self._sealed = Fernet(base64.urlsafe_b64encode(own))
        self._found: dict[str, tuple[Discovered, float]] = {}
        # Providers that answer slowly hold up nothing but each other.
        self._threads = ThreadPoolExecutor(4, "oidc-sign-in")

    def routes(self) -> list[Route]:
        """Where a sign-in begins, and where a provider sends the browser back to."""
        return [
            Route(BELOW + "{name}", self._start, methods=["GET"]),
            Route(BELOW + "{name}/callback", self._finish, methods=["GET"]),
        ]

    def choices(self) -> dict[str, str]:
        """The providers to choose from, each with the path where a sign-in begins."""
        return {each.name: BELOW + quote(each.name, safe="") for each in self._callers.issuers if each.sign_in}

    async def _start(self, request: Request) -> Response:
        issuer, sign_in = self._issuer(request)
        try:
            found = await self._in_thread(self._discovered, issuer)
        except TerraceError as error:
            log.warning("nobody can sign in at %s: %s", issuer.name, error.message)
            raise ProblemError(503, "The provider does not answer.", {"Retry-After": "30"}) from error
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        flow = Flow(issuer.name, state, nonce, verifier, _onward(request))
        said = {
            "response_type": "code", "client_id": sign_in.client_id, "redirect_uri": _back(issuer.name, sign_in),
            "scope": sign_in.scope, "state": flow.state, "nonce": flow.nonce,
            "code_challenge": _challenge(flow.verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        joint = "&" if "?" in found.authorization else "?"
        response = RedirectResponse(found.authorization + joint + urlencode(said), 303, {"Cache-Control": "no-store"})
        sealed = self._sealed.encrypt_at_time(json.dumps(flow).encode(), int(self._clock()))
        _remember(response, request, sealed.decode(), SECONDS)
        return response

    async def _finish(self, request: Request) -> Response:
        issuer, sign_in = self._issuer(request)
        flow = self._flow(request)
        state = request.query_params.get("state", "").encode("utf-8", "replace")
        if flow is None or flow.name != issuer.name or not hmac.compare_digest(flow.state.encode(), state):
            raise ProblemError(403, _AGAIN)
        try:
            token = await self._token(request, issuer, sign_in, flow)
            _check(await self._callers.claims(token, issuer), sign_in, flow)
        except (TerraceError, RefusedTokenError) as error:
            log.info("a sign-in at %s failed: %s", issuer.name, error)
            raise ProblemError(403, _REFUSED) from error
        if self._callers.caller(f"Bearer {token}", "", "") is None:
            raise ProblemError(403, _REFUSED)
        response = self._begin(request, token, flow.onward)
        _remember(response, request, "", 0)
        return response

    async def _token(self, request: Request, issuer: Issuer, sign_in: SignIn, flow: Flow) -> str:
        """The token that a code is good for."""
        found = await self._in_thread(self._discovered, issuer)
        said = request.query_params
        if said.get("iss", issuer.issuer if not found.names_itself else "") != issuer.issuer:
            raise RefusedTokenError("another provider sent the browser back")
        if not said.get("code"):
            raise RefusedTokenError("there is no code")
        form = {
            "grant_type": "authorization_code", "code": said["code"], "redirect_uri": _back(issuer.name, sign_in),
            "client_id": sign_in.client_id, "code_verifier": flow.verifier,
        }  # fmt: skip
        answered = await self._in_thread(_exchange, found.token, form, issuer, sign_in)
        token = answered.get("id_token")
        if not isinstance(token, str):
            raise RefusedTokenError("the provider gave no ID token")
        return token

    def _issuer(self, request: Request) -> tuple[Issuer, SignIn]:
        for each in self._callers.issuers:
            if each.name == request.path_params["name"] and each.sign_in is not None:
                return each, each.sign_in
        raise ProblemError(404, "There is no such page.")

    def _flow(self, request: Request) -> Flow | None:
        sealed = request.cookies.get(_cookie(request), "").encode("utf-8", "replace")
        try:
            opened = self._sealed.decrypt_at_time(sealed, SECONDS, int(self._clock()))
        except (InvalidToken, ValueError):
            return None
        return Flow(*json.loads(opened))

    def _discovered(self, issuer: Issuer) -> Discovered:
        known = self._found.get(issuer.issuer)
        if known is None or self._clock() - known[1] > FRESH:
            found, here = discover(issuer.issuer, issuer.ca_file), fetch.is_here(issuer.issuer)
            for each in (found.authorization, found.token):
                if not fetch.is_allowed(each, loopback=here):
                    raise TerraceError("it has no place to sign in at, or one without https")
            known = self._found[issuer.issuer] = found, self._clock()
        return known[0]

    async def _in_thread(self, do: Callable[..., Any], *args: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, do, *args)


def _exchange(url: str, form: dict[str, str], issuer: Issuer, sign_in: SignIn) -> dict[str, Any]:
    headers = {}
    if sign_in.secret_file:
        try:
            secret = Path(sign_in.secret_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TerraceError(f"cannot read {sign_in.secret_file}") from error
        pair = f"{quote(sign_in.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    here = fetch.is_here(issuer.issuer)
    try:
        said = orjson.loads(fetch.get(url, form=form, headers=headers, ca_file=issuer.ca_file, loopback=here))
    except orjson.JSONDecodeError as error:
        raise TerraceError("the provider's answer to a code is not JSON") from error
    if not isinstance(said, dict):
        raise TerraceError("the provider's answer to a code is no object")
    return said


def _check(claims: dict[str, Any], sign_in: SignIn, flow: Flow) -> None:
    """Refuse a token that was made for another sign-in, or for more than this client (OpenID Connect Core, 3.1.3.7)."""
    nonce = str(claims.get("nonce", "")).encode("utf-8", "replace")
    if not hmac.compare_digest(flow.nonce.encode(), nonce):
        raise RefusedTokenError("its nonce is of another sign-in")
    if claims["aud"] not in (sign_in.client_id, [sign_in.client_id]) or claims.get("azp", sign_in.client_id) != (
        sign_in.client_id
    ):
        raise RefusedTokenError("it is not for this client alone")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _back(name: str, sign_in: SignIn) -> str:
    """Where the provider sends the browser: of the file, for a `Host` is whatever somebody sends."""
    return f"{sign_in.url.rstrip('/')}{BELOW}{quote(name, safe='')}/callback"


def _onward(request: Request) -> str:
    wanted = request.query_params.get("next", "")[:1000]
    return wanted if _LOCAL.fullmatch(wanted) else "/"


def _cookie(request: Request) -> str:
    return "__Host-terrace-oidc" if request.url.scheme == "https" else "terrace-oidc"


def _remember(response: Response, request: Request, value: str, seconds: int) -> None:
    # Not strict: the provider's page, not ours, leads back here.
    response.set_cookie(
        _cookie(request), value, max_age=seconds, secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )
