"""What goes wrong, as RFC 9457 says it: with nothing in it but what every caller may know."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.responses import Response

MEDIA = "application/problem+json"
BUG = "This is a bug of ours."
NOTHING = "There is no such configuration, or it is not for this caller."


class ProblemError(Exception):
    """A request that gets no result, and what it gets instead."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response for a problem."""
    return Response(body(status, detail), status, dict(headers or {}), MEDIA)


def body(status: int, detail: str) -> bytes:
    """The document that says what went wrong."""
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return orjson.dumps(said)


def nothing() -> ProblemError:
    """What is not there, and what is not this caller's: one and the same."""
    return ProblemError(404, NOTHING)
