"""New values for secrets, made from what the operating system gives as random, or by a command."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from terrace.errors import TerraceError, UsageError
from terrace.model.rotation import DEFAULT_BYTES, DEFAULT_LENGTH, GENERATORS
from terrace.model.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

SAFE = string.ascii_letters + string.digits + "-_.~"
"""Letters, digits, and what needs no quotes in URLs, shells and configuration files."""

_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)
_TIMEOUT = 60.0
_MOST = 1 << 20


class Made(NamedTuple):
    """A new value, which may be a map of several; and what of it may be known, as the public half of a key pair."""

    value: Secret[str] | dict[str, Secret[str]]
    public: str = ""


def make(kind: str, options: Mapping[str, Any] | None = None, *, user: str = "") -> Made:
    """A new value of a kind. `user` is the name in the login before, which the new one does not have."""
    chosen = dict(options or {})
    if kind == "password":
        return Made(Secret(password(**chosen)))
    if kind == "hex":
        return Made(Secret(secrets.token_hex(chosen.get("bytes", DEFAULT_BYTES))))
    if kind == "uuid":
        return Made(Secret(_uuid()))
    if kind == "command":
        return Made(Secret(output(chosen["run"], timeout=float(str(chosen.get("timeout", "60s")).removesuffix("s")))))
    if kind == "login":
        first, second = chosen.pop("users")
        return Made({"user": Secret(second if user == first else first), "password": Secret(password(**chosen))})
    if kind in ("ed25519", "rsa", "ec"):
        return _pair(kind, chosen)
    raise UsageError(f"there is no generator {kind!r}", hint=f"There are: {', '.join(GENERATORS)}.")


def password(length: int = DEFAULT_LENGTH, alphabet: str = SAFE) -> str:
    """A random text of letters of `alphabet`, with one at least of each class (small, large, digit, sign) that it has.

    Every text that has all the classes is as likely as any other: one that lacks a class is thrown away whole.
    """
    letters = sorted(set(alphabet))
    classes = [found for each in _CLASSES if (found := set(each) & set(letters))]
    if length < len(classes) or len(letters) < 2:
        raise UsageError("a password needs two letters to choose from, and room for one of each class")
    while True:
        text = "".join(secrets.choice(letters) for _ in range(length))
        if all(found & set(text) for found in classes):
            return text


def output(run: Sequence[str], *, timeout: float = _TIMEOUT) -> str:
    """What a program writes, without the line's end. No shell. Its complaints are not shown: they may hold values."""
    import subprocess

    try:
        ended = subprocess.run(run, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise TerraceError(f"{run[0]} did not make a value within {timeout:g} seconds") from None
    except OSError as error:
        raise TerraceError(f"{run[0]} cannot be run: {error.strerror}", hint="Name a program on the PATH.") from None
    if ended.returncode:
        raise TerraceError(f"{run[0]} made no value: exit code {ended.returncode}", hint="Run it by hand to see why.")
    if len(ended.stdout) > _MOST:
        raise TerraceError(f"{run[0]} wrote more than {_MOST:,} bytes, which is no secret")
    try:
        text = ended.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise TerraceError(f"{run[0]} wrote something that is not UTF-8") from None
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise TerraceError(f"{run[0]} wrote nothing, and nothing is no secret")
    return value


def _uuid() -> str:
    from uuid import UUID

    return str(UUID(bytes=secrets.token_bytes(16), version=4))


def _pair(kind: str, options: Mapping[str, Any]) -> Made:
    """A private key in PKCS #8, and its public half, both as PEM."""
    from cryptography.hazmat.primitives import serialization

    key = _key(kind, options)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Made(Secret(private.decode()), public.decode())


def _key(kind: str, options: Mapping[str, Any]) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=options.get("bits", 3072))
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[options.get("curve", "P-256")])
