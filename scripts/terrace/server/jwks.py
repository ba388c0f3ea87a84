"""The public keys of a JSON Web Key Set (RFC 7517), each with the algorithms that it is good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from terrace.errors import TerraceError

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_MOST = 100
_RSA_BITS = range(2048, 8193)


class Key(NamedTuple):
    """One public key."""

    id: str
    algorithms: frozenset[str]
    key: Any


class Keys(NamedTuple):
    """All of a set that can be used."""

    all: tuple[Key, ...] = ()

    def one(self, identity: str, algorithm: str) -> Key | None:
        """The key with an id, if it is for an algorithm; without an id the only one that is."""
        fit = [each for each in self.all if algorithm in each.algorithms and identity in ("", each.id)]
        return fit[0] if len(fit) == 1 else None

    def has(self, identity: str) -> bool:
        """Whether a key with this id is among them."""
        return any(each.id == identity for each in self.all)


def read(document: bytes) -> Keys:
    """The keys of a set. What is of another kind, not for signatures, or too short, is left out."""
    try:
        said = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise TerraceError("the key set is not JSON") from error
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise TerraceError(f"the key set has no `keys`, or more than {_MOST}")
    found = tuple(key for key in map(_key, listed) if key is not None)
    if not found:
        raise TerraceError(f"no key of the set is for {', '.join(ALGORITHMS)}")
    return Keys(found)


def _key(said: object) -> Key | None:
    if not isinstance(said, dict) or said.get("use", "sig") != "sig" or "verify" not in said.get("key_ops", ["verify"]):
        return None
    identity = said.get("kid", "")
    made = _made(said)
    if made is None or not isinstance(identity, str):
        return None
    key, algorithms = made
    if "alg" in said:
        algorithms &= {str(said["alg"])}
    return Key(identity, algorithms, key) if algorithms else None


def _made(said: Mapping[str, Any]) -> tuple[Any, frozenset[str]] | None:
    """The key itself, of its public members only, and what keys of its kind are for."""
    try:
        match said.get("kty"), said.get("crv"):
            case "RSA", _:
                rsa = RSAAlgorithm.from_jwk(_only(said, "kty", "n", "e"))
                right = isinstance(rsa, RSAPublicKey) and rsa.key_size in _RSA_BITS
                return (rsa, frozenset({"RS256", "PS256"})) if right else None
            case "EC", "P-256":
                return ECAlgorithm.from_jwk(_only(said, "kty", "crv", "x", "y")), frozenset({"ES256"})
            case "OKP", "Ed25519":
                return OKPAlgorithm.from_jwk(_only(said, "kty", "crv", "x")), frozenset({"EdDSA"})
    except (PyJWTError, KeyError, ValueError, TypeError):
        return None
    return None


def _only(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: said[name] for name in names}
