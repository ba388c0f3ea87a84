"""What a provider says of itself in its discovery document (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from terrace.errors import TerraceError
from terrace.server import fetch

_PLACES = ("jwks_uri", "authorization_endpoint", "token_endpoint")


class Discovered(NamedTuple):
    """Where a provider's parts are; empty for one that it does not have.

    `names_itself`: what it sends a browser back with says which provider it is (RFC 9207).
    """

    keys: str
    authorization: str
    token: str
    names_itself: bool


def discover(issuer: str, ca_file: str = "") -> Discovered:
    """What an issuer says. A document that is of another issuer is none (RFC 8414, 3.3). Raises `TerraceError`."""
    place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        said = orjson.loads(fetch.get(place, ca_file=ca_file, loopback=fetch.is_here(issuer)))
    except orjson.JSONDecodeError as error:
        raise TerraceError(f"{place} is not JSON") from error
    if not isinstance(said, dict) or said.get("issuer") != issuer:
        raise TerraceError(f"{place} is not of this issuer")
    names_itself = said.get("authorization_response_iss_parameter_supported") is True
    keys, authorization, token = (str(said.get(name) or "") for name in _PLACES)
    return Discovered(keys, authorization, token, names_itself)
