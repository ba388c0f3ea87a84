"""Responses of OFREP: headers that are always the same, errors as it has them, and what other origins may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

Headers = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json")
EVERY: Headers = [
    (b"cache-control", b"private, no-cache"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
_ALLOWED = b"authorization, content-type, flagd-selector, if-none-match, last-event-id, x-api-key, x-request-id"
_EXPOSED = b"ETag, Retry-After, X-Request-Id"


class Said(NamedTuple):
    """A response. `evaluated` is how many flags were evaluated for it."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    evaluated: int = 0


class RefusedError(Exception):
    """A request that gets no flag, and what it gets instead."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = headers or {}

    def said(self, key: str | None) -> Said:
        """The response. Nothing that was sent is repeated in it but the key of a flag."""
        body = {} if key is None else {"key": key}
        headers = tuple((name.lower().encode(), value.encode()) for name, value in self.headers.items())
        return Said(
            self.status, orjson.dumps({**body, "errorCode": self.code, "errorDetails": self.detail}), (JSON, *headers)
        )  # fmt: skip


class Origins:
    """Which pages may ask from a browser: those of the origins that were named; `*` for any.

    A page sends its token itself, in a header: a browser is never told to add credentials of its own.
    """

    def __init__(self, named: tuple[str, ...]) -> None:
        self._named = frozenset(each.rstrip("/").encode() for each in named)

    def headers(self, origin: bytes | None) -> Headers:
        """What lets a page read a response."""
        if not self._named:
            return []
        vary = (b"vary", b"Origin, Authorization, X-API-Key, Flagd-Selector")
        if origin is None or not self._allows(origin):
            return [vary]
        return [
            vary,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]

    def preflight(self, origin: bytes | None, method: bytes) -> Said:
        """What a browser is told that asks whether a page may ask."""
        if origin is None or not self._allows(origin):
            return Said(204, headers=((b"allow", method + b", OPTIONS"),))
        return Said(204, headers=(
            (b"access-control-allow-methods", method), (b"access-control-allow-headers", _ALLOWED),
            (b"access-control-max-age", b"7200"),
        ))  # fmt: skip

    def _allows(self, origin: bytes) -> bool:
        return origin in self._named or b"*" in self._named
