"""What the headers of a request ask for: a tag, how long to wait, and who asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request

from terrace.server.callers import Caller

LONGEST = 60
"""Seconds that a request may wait at most."""

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


class Admitted(NamedTuple):
    """A request's caller. `again` asks once more, later: a token may be over, or taken back, while a stream goes on."""

    caller: Caller
    again: Callable[[], Caller | None]

    @property
    def still(self) -> bool:
        """Whether the caller is let in now, with the same scopes."""
        return self.again() == self.caller


def admitted(request: Request) -> Admitted:
    """Who asks, as the guard found out."""
    found: Admitted = request.scope["terrace.admitted"]
    return found


def seconds_to_wait(request: Request) -> int | None:
    """`Prefer: wait=N` (RFC 7240), at most `LONGEST`; None where the request does not say so."""
    for header in request.headers.getlist("prefer"):
        for preference in header.split(","):
            found = _WAIT.fullmatch(preference.partition(";")[0].strip())
            if found:
                return min(int(found[1]), LONGEST)
    return None


def has(request: Request, tag: str) -> bool:
    """Whether the caller says in `If-None-Match` that it has what `tag` stands for."""
    said = ",".join(request.headers.getlist("if-none-match"))
    return bool(tag) and tag in _TAG.findall(said)
