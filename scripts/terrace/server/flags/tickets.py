"""Who may listen for changes: a browser cannot send a token when it listens, so it is given a ticket in the URL.

A ticket is good for one environment and some time, and for nothing but hearing that flags have changed. It is signed
with the key of the server's sessions, which its workers share.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from typing import NamedTuple

import orjson

LASTS = 3600
"""Seconds for which a ticket is good at most, and for at least half as long."""

_FORM = re.compile(r"([A-Za-z0-9_-]{8,3800})\.([A-Za-z0-9_-]{43})")


class Ticket(NamedTuple):
    """What a ticket says. `tag` is what was served when it was given, `tenants` are those of whom it was given to."""

    environment: str
    caller: str
    tenants: tuple[str, ...]
    tag: str
    until: int


class Tickets:
    """Gives tickets, and reads them."""

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(secret, b"terrace: tickets for events of flags", "sha256")
        self._clock = clock

    def give(self, environment: str, caller: str, tenants: tuple[str, ...], tag: str) -> str:
        """A ticket for whoever asked for flags."""
        # The same for a while: who asks again does not have to listen anew.
        until = (int(self._clock()) // (LASTS // 2) + 2) * (LASTS // 2)
        said = orjson.dumps(tuple(Ticket(environment, caller[:200], tenants[:20], tag, until)))
        body = _text(said)
        return f"{body}.{_text(self._signature(body))}"

    def read(self, text: str) -> Ticket | None:
        """What a ticket says; None for one that is over, or of a server that was started anew since."""
        found = _FORM.fullmatch(text)
        if found is None or not hmac.compare_digest(_text(self._signature(found[1])), found[2]):
            return None
        environment, caller, tenants, tag, until = orjson.loads(_bytes(found[1]))
        return Ticket(environment, caller, tuple(tenants), tag, until) if self._clock() < until else None

    def _signature(self, body: str) -> bytes:
        return hmac.digest(self._key, body.encode(), hashlib.sha256)


def is_one(text: str) -> bool:
    """Whether this is a ticket, of whomever and from whenever."""
    return _FORM.fullmatch(text) is not None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return b"null"
