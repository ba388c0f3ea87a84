"""Tokens as they are made, kept and replaced. What is kept opens nothing: of the token itself only a digest stays.

A token is `trc_<id>_<secret>`. The secret is 256 random bits, so its digest needs no slow hash: those make guessing of
passwords expensive, and nobody guesses 2^256. The file is YAML:

    tokens:
      - id: 7f3k2q9d
        name: acme's till
        sha256: 64 hexadecimal digits, of the whole token
        environments: [production]
        services: ["*"]
        tenants: [acme]             # "*" for all and none; "" for no tenant
        may: [read, secrets]        # read, secrets, flags, write
        created: "2026-11-24T09:30:00Z"
        expires: "2027-02-22T09:30:00Z"
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from terrace import yamlio
from terrace.errors import TerraceError, UsageError

ANY = "*"
MAY = ("read", "secrets", "flags", "write")
_TOKEN = re.compile(r"trc_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_NOBODY = "0" * 64
_FIELDS = ("environments", "services", "tenants", "may")


class Scopes(NamedTuple):
    """What a token is for. `*` among names is all of them; `""` among tenants is no tenant."""

    environments: tuple[str, ...]
    services: tuple[str, ...]
    tenants: tuple[str, ...]
    may: tuple[str, ...]


class Token(NamedTuple):
    """One token as it is kept."""

    id: str
    name: str
    sha256: str
    scopes: Scopes
    created: datetime
    expires: datetime


def new(name: str, scopes: Scopes, *, now: datetime, days: float) -> tuple[str, Token]:
    """A new token, shown once, and what is kept of it."""
    _check(scopes, f"the token '{name}'")
    now = now.replace(microsecond=0)
    identity = "".join(secrets.choice(_LETTERS) for _ in range(8))
    text = f"trc_{identity}_{secrets.token_urlsafe(32)}"
    return text, Token(identity, name, _sha256(text), scopes, now, now + timedelta(days=days))


def replaced(kept: Iterable[Token], old: str, *, now: datetime, overlap: float) -> tuple[Token, ...]:
    """`kept`, with the token `old` over in `overlap` days at the latest."""
    end = now.replace(microsecond=0) + timedelta(days=overlap)
    return tuple(each._replace(expires=min(each.expires, end)) if each.id == old else each for each in kept)


def one(kept: Iterable[Token], identity: str) -> Token:
    """The token with an id. Raises `UsageError` if there is none."""
    for each in kept:
        if each.id == identity:
            return each
    raise UsageError(f"there is no token '{identity}'", hint="terrace tokens list shows their ids.")


def id_of(text: str) -> str:
    """The id in a token; empty if it is none."""
    found = _TOKEN.fullmatch(text)
    return found[1] if found else ""


def matches(token: Token | None, text: str) -> bool:
    """Whether `text` is `token`, found out in a time that tells nothing."""
    return hmac.compare_digest(token.sha256 if token else _NOBODY, _sha256(text)) and token is not None


def read(path: Path) -> tuple[Token, ...]:
    """The tokens that a file keeps, which nobody but its owner may read or write."""
    values, findings = yamlio.load(_private(path))
    if findings:
        raise TerraceError(f"{path}: {findings[0].message}")
    listed = values.get("tokens") if isinstance(values, dict) else None
    if not isinstance(listed, list):
        raise TerraceError(f"{path} holds no list of `tokens`", hint="Make one with terrace tokens create.")
    found = tuple(_token(item, f"{path}: token {number}") for number, item in enumerate(listed, 1))
    if len({each.id for each in found}) < len(found):
        raise TerraceError(f"{path}: two tokens have one id")
    return found


def write(path: Path, kept: Sequence[Token]) -> None:
    """Make `kept` the tokens of the file, as a whole."""
    text = "# Made by terrace tokens. Of each token only a digest stands here: a lost one is replaced.\n"
    text += yamlio.dump({"tokens": [_record(each) for each in kept]})
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TerraceError(f"cannot write {path}: {error.strerror}") from error


def _private(path: Path) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & 0o077:
                raise TerraceError(f"others than its owner can get at {path}", hint=f"chmod 600 {path}")
            return file.read()
    except FileNotFoundError as error:
        raise TerraceError(f"there is no {path}", hint="Make it with terrace tokens create.") from error
    except UnicodeDecodeError as error:
        raise TerraceError(f"{path} is not UTF-8") from error
    except OSError as error:
        raise TerraceError(f"cannot read {path}: {error.strerror}") from error


def _token(item: object, where: str) -> Token:
    if not isinstance(item, dict):
        raise TerraceError(f"{where} is not a map")
    texts = {name: item.get(name) for name in ("id", "name", "sha256", "created", "expires")}
    bad = [name for name, value in texts.items() if not isinstance(value, str) or not value]
    bad += [name for name in _FIELDS if not _are_names(item.get(name))]
    bad += [str(name) for name in item if name not in texts and name not in _FIELDS]
    if bad:
        raise TerraceError(f"{where}: `{bad[0]}` is missing, not known, or not of the right type")
    identity, sha256 = str(texts["id"]), str(texts["sha256"])
    if not re.fullmatch(r"[a-z0-9]{8}", identity) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise TerraceError(f"{where}: its id or its digest is not well formed")
    scopes = Scopes(*(tuple(item[name]) for name in _FIELDS))
    _check(scopes, where)
    created, expires = (_time(str(texts[name]), where) for name in ("created", "expires"))
    return Token(identity, str(texts["name"]), sha256, scopes, created, expires)


def _check(scopes: Scopes, where: str) -> None:
    unknown = [each for each in scopes.may if each not in MAY]
    if unknown:
        raise UsageError(f"{where} may '{unknown[0]}', which is nothing", hint=f"It may: {', '.join(MAY)}.")
    for name, names in zip(_FIELDS, scopes, strict=True):
        if not names:
            raise UsageError(f"{where} has no {name}", hint="Name some, or '*' for all.")


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _time(text: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise TerraceError(f"{where}: {text!r} is no time with its zone", hint="Write 2027-02-22T09:30:00Z.")
    return found


def _record(token: Token) -> dict[str, object]:
    names = {name: list(names) for name, names in zip(_FIELDS, token.scopes, strict=True)}
    times = {"created": stamp(token.created), "expires": stamp(token.expires)}
    return {"id": token.id, "name": token.name, "sha256": token.sha256, **names, **times}


def stamp(time: datetime) -> str:
    """A time as it is written: RFC 3339 in UTC, in seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
