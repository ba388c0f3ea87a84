"""Private keys in bytes of any kind: age's and PEM's, also inside other text, also in base64."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from terrace.model.source import Location, Span

_KEYS = re.compile(
    rb"(?P<age>AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58,})"
    # Only what looks like a key follows: who writes about keys writes the first line alone.
    rb"|(?P<pem>-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,200}?[A-Za-z0-9+/]{40})"
)
_PLAIN = (b"AGE-SECRET-KEY-", b"PRIVATE KEY")
# Lines of base64 end anywhere: of two halves one is in one piece.
_HALVES = (b"AGE-SECRE", b"T-KEY-1", b"PRIVATE K", b"ATE KEY--")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/_-]+[ \t\r\n\"',]{0,32})+")
_FROM_ANY = bytes.maketrans(b"-_", b"+/")
_BETWEEN = b" \t\r\n\"',"


class Exposure(NamedTuple):
    """A private key in a file of any kind: where, and what it is in words."""

    location: Location
    what: str


class PrivateKey(NamedTuple):
    """A private key: where it begins, counted in bytes, and what it is. Never the key."""

    start: int
    what: str


def exposures(path: str, data: bytes) -> Iterator[Exposure]:
    """Where private keys stand in a file, and what each is."""
    if not any(sign in data for sign in signs()):
        return
    for key in private_keys(data):
        before = data[: key.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        yield Exposure(Location(path, Span(line, column, line, column)), key.what)


def private_keys(data: bytes) -> Iterator[PrivateKey]:
    """Every private key in `data`, and the first one in each stretch of base64."""
    for plain in _KEYS.finditer(data):
        yield PrivateKey(plain.start(), _what(plain))
    if any(needle in data for needle in _encoded()):
        for stretch in _BASE64.finditer(data):
            starts = [start for needle in _encoded() if (start := stretch[0].find(needle)) >= 0]
            found = _inside(stretch[0]) if starts else None
            if found:
                yield PrivateKey(stretch.start() + min(starts), f"{_what(found)} in base64")


@cache
def signs() -> tuple[bytes, ...]:
    """Short texts of which every file with a private key holds at least one: for a fast search through many files."""
    return (*_PLAIN, *_encoded())


@cache
def _encoded() -> tuple[bytes, ...]:
    """The halves as base64 has them, by where they fall among its groups of three bytes."""
    found = []
    for half in _HALVES:
        for before in range(3):
            whole = b64encode(b"\0" * before + half)
            found.append(whole[(0, 2, 3)[before] : (before + len(half)) * 8 // 6])
    return tuple(found)


def _inside(text: bytes) -> re.Match[bytes] | None:
    clean = text.translate(_FROM_ANY, _BETWEEN)
    for skip in range(4):  # words in front of it look like base64 too
        part = clean[skip:]
        if match := _KEYS.search(b64decode(part + b"A" * (-len(part) % 4))):
            return match
    return None


def _what(match: re.Match[bytes]) -> str:
    return "an age private key" if match["age"] else "a private key"
