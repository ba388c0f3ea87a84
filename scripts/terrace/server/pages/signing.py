"""Sign in with a token, and sign out."""

from __future__ import annotations

import re
import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from terrace.server.callers import Callers
from terrace.server.listed import CallerFile
from terrace.server.oidc_sign_in import OidcSignIn
from terrace.server.pages.door import SESSION, SIGN_IN, SIGN_OUT, cookie, form_cookie, header, session_cookie
from terrace.server.pages.drawing import Drawing
from terrace.server.pages.posted import NOT_OURS, fields_of, is_ours
from terrace.server.pages.sessions import SECONDS, Session, Sessions
from terrace.server.problems import ProblemError

_LONGEST_COOKIE = 4000
"""Browsers drop a longer one and say nothing."""
_LOCAL = re.compile(r"/(?![/\\])[!-~]*")


class Signing:
    """The two routes, and those of providers. Without `tokens` there is nothing to sign in with."""

    def __init__(
        self,
        drawing: Drawing,
        sessions: Sessions,
        callers: Callers,
        *,
        tokens: bool,
        listed: CallerFile | None = None,
    ) -> None:
        self._drawing = drawing
        self._sessions = sessions
        self._callers = callers
        self._tokens = tokens
        self._oidc = OidcSignIn(listed, sessions.secret, self._begun) if listed is not None else None

    def routes(self) -> list[Route]:
        """Where to sign in and out."""
        return [
            Route(SIGN_IN, self._ask, methods=["GET"]),
            Route(SIGN_IN, self._sign_in, methods=["POST"]),
            Route(SIGN_OUT, self._sign_out, methods=["POST"]),
            *(self._oidc.routes() if self._oidc is not None else ()),
        ]

    async def _ask(self, request: Request) -> Response:
        onward = _onward(request.query_params.get("next", ""))
        if not self._tokens or SESSION in request.scope:
            return RedirectResponse(onward, 303, {"Cache-Control": "no-store"})
        return self._form(request, onward)

    async def _sign_in(self, request: Request) -> Response:
        if not self._tokens:
            raise ProblemError(404, "Nobody has to sign in here.")
        fields = await fields_of(request)
        onward = _onward(fields.get("next", ""))
        known = cookie(request.scope["headers"], form_cookie(request.scope))
        if not is_ours(request, self._sessions, known, fields):
            return self._form(request, onward, "The form was too old, or not from here. Please try again.", 403)
        token = fields.get("token", "").strip()
        client = request.client.host if request.client else ""
        await self._callers.ready(f"Bearer {token}")
        if self._callers.caller(f"Bearer {token}", client, header(request.scope["headers"], b"host")) is None:
            return self._form(request, onward, "This token is not known, or no longer valid.", 401)
        return self._begun(request, token, onward)

    def _begun(self, request: Request, token: str, onward: str) -> Response:
        held = self._sessions.begin(token)
        if len(held) > _LONGEST_COOKIE:
            raise ProblemError(403, "This token is too long for a browser to keep. Ask the provider for fewer claims.")
        response = RedirectResponse(onward, 303, {"Cache-Control": "no-store"})
        _set(response, request, session_cookie(request.scope), held, SECONDS)
        _set(response, request, form_cookie(request.scope), "", 0)
        return response

    async def _sign_out(self, request: Request) -> Response:
        session: Session | None = request.scope.get(SESSION)
        fields = await fields_of(request)
        if session is not None and not is_ours(request, self._sessions, session.name, fields):
            raise ProblemError(403, NOT_OURS)
        if session is not None:
            self._sessions.end(session)
        response = RedirectResponse(SIGN_IN, 303, {"Cache-Control": "no-store"})
        _set(response, request, session_cookie(request.scope), "", 0)
        return response

    def _form(self, request: Request, onward: str, problem: str = "", status: int = 200) -> Response:
        known = cookie(request.scope["headers"], form_cookie(request.scope)) or secrets.token_urlsafe(16)
        choices = self._oidc.choices() if self._oidc is not None else {}
        context = {
            "choices": choices,
            "onward": onward,
            "problem": problem,
            "form_token": self._sessions.form_token(known),
        }
        # A wrong token is no failed request for a token: the door would ask to sign in, and the form says why already.
        shown = 403 if status == 401 else status
        response = self._drawing.page(request, "sign-in.html", context, shown)
        _set(response, request, form_cookie(request.scope), known, 3600)
        return response


def _onward(wanted: str) -> str:
    """`wanted` if it is a path on this server, else the first page."""
    return wanted if _LOCAL.fullmatch(wanted) else "/"


def _set(response: Response, request: Request, name: str, value: str, seconds: int) -> None:
    secure = request.scope["scheme"] == "https"
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict")
