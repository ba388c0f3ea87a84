"""Tokens of providers: JSON Web Tokens, believed only if everything about them is as the file of callers says."""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

import jwt
import orjson
from jwt.types import Options

from terrace.server.caller_file import Issuer
from terrace.server.jwks import Keys

LONGEST = 12 * 1024
_TYPES = frozenset({"", "jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_CHECKED: Options = {
    "require": ["exp", "iat", "iss", "aud"],
    # The times are checked here, by the clock that is given.
    "verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_sub": False, "verify_jti": False,
}  # fmt: skip


class RefusedTokenError(Exception):
    """Why a token is not believed: for the log, with nothing of the token in it."""


class Unverified(NamedTuple):
    """What a token says of itself: enough to know which key to try, and nothing to believe."""

    algorithm: str
    key: str
    issuer: str


def is_jwt(token: str) -> bool:
    """Whether `token` has the form of a JSON Web Token."""
    return token.count(".") == 2 and not token.startswith("trc_")


def look(token: str) -> Unverified:
    """What a token says of itself. Raises `RefusedTokenError` if that is not well formed."""
    if len(token) > LONGEST or not token.isascii():
        raise RefusedTokenError("it is too long, or not ASCII")
    header, body = (_object(part) for part in token.split(".")[:2])
    if "crit" in header:
        raise RefusedTokenError("it demands an extension")
    if str(header.get("typ", "")).lower() not in _TYPES:
        raise RefusedTokenError("it is of a type for something else")
    found = Unverified(*(source.get(name, "") for source, name in ((header, "alg"), (header, "kid"), (body, "iss"))))
    if not all(isinstance(each, str) for each in found):
        raise RefusedTokenError("its algorithm, key or issuer is no text")
    return found


def claims(token: str, said: Unverified, issuer: Issuer, keys: Keys, now: float) -> dict[str, Any]:
    """What a token says, after its signature, issuer, audience and times were found right.

    Raises `RefusedTokenError` where one is not.
    """
    # The algorithm is of the file and the key, never of the token.
    if said.algorithm not in issuer.algorithms:
        raise RefusedTokenError("its algorithm is not allowed")
    key = keys.one(said.key, said.algorithm)
    if key is None:
        raise RefusedTokenError("its key is not known, or not for its algorithm")
    try:
        found = jwt.decode(
            token, key.key, [said.algorithm], _CHECKED, audience=issuer.audience, issuer=issuer.issuer
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        # Its message may repeat what the token says.
        raise RefusedTokenError(type(error).__name__) from error
    _check_times(found, issuer, now)
    return found


def _check_times(found: Mapping[str, Any], issuer: Issuer, now: float) -> None:
    ends, issued, begins = (_time(found.get(name), name) for name in ("exp", "iat", "nbf"))
    if ends <= now - issuer.leeway:
        raise RefusedTokenError("it is over")
    if max(issued, begins) > now + issuer.leeway:
        raise RefusedTokenError("it is of the future")
    if issued + issuer.max_age <= now - issuer.leeway:
        raise RefusedTokenError("it was issued too long ago")


def _time(value: object, name: str) -> float:
    # The other two are demanded before.
    if value is None and name == "nbf":
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RefusedTokenError(f"its `{name}` is no time")
    return value


def _object(part: str) -> dict[str, Any]:
    try:
        found = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise RefusedTokenError("it is not well formed") from error
    if not isinstance(found, dict):
        raise RefusedTokenError("it is not well formed")
    return found
