"""Forms that a browser sends: their fields, and whether they are from a page of ours."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request

from terrace.server.pages.door import header
from terrace.server.pages.sessions import Sessions
from terrace.server.problems import ProblemError

NOT_OURS = "The form was too old, or not from here. Go back, load the page again, and retry."
_LONGEST = 4096
_MOST = 100


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form; the guard has limited its size."""
    text = (await request.body()).decode("utf-8", "replace")
    try:
        return {name: values[-1][:_LONGEST] for name, values in parse_qs(text, max_num_fields=_MOST).items()}
    except ValueError as error:
        raise ProblemError(400, "This is no form of ours.") from error


def is_ours(request: Request, sessions: Sessions, known: str, fields: dict[str, str]) -> bool:
    """Whether a form was sent by a page that this server gave to the browser known by `known`."""
    site = header(request.scope["headers"], b"sec-fetch-site")
    return site in ("", "same-origin") and sessions.is_form_of(known, fields.get("form_token", ""))
