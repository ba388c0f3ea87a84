"""Values that wait to be replaced, and credentials that everybody knows: for plain values and for opened secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.validate.later import later
from terrace.validate.words import word_set

_WAITING = later(
    r"\s*(?:change[-_ ]?(?:me|this|it[-_ ]?now)\W*"
    r"|(?:please[-_ ])?(?:replace|fill|set|update|edit)[-_ ]?(?:me|this|me[-_ ]in)\W*"
    r"|(?-i:TODO\b.*|FIXME\b.*|TBD|TBC)|x{3,}|place[-_ ]?holder|lorem ipsum\b.*|insert[-_ ].*[-_ ]here"
    r"|(?:put|enter|add|paste)[-_ ]your[-_ ].*"
    r"|your[-_ ](?!own\b)(?:[^.@/]*|(?:company|domain|host|org|server|site)\..*)"
    r"|.*[-_ ]goes[-_ ]here|not[-_ ]a[-_ ]real[-_ ].*)\s*",
    re.I | re.S,
)
_CHANGE = later(r"(?<![a-z])change[-_]?me(?![a-z])", re.I)
_ANGLE = later(
    r"<(?:your|my|the|insert|replace|enter|some)[-_ ][^<>\n]{1,60}>|^<(?=[^>]*[-_ ])[A-Za-z][\w .-]{1,60}>$",
    re.I,
)
_CREDENTIAL = word_set(
    "apikey credential credentials pass passphrase passwd password passwords pw pwd secret secrets token tokens"
)
_KEYS = word_set("access api auth encryption master private secret session shared signing")
EVERYBODY_KNOWS = word_set(
    "123456 12345678 123456789 1234567890 abc123 admin admin123 administrator bitnami changeit default demo dummy"
    " example foobar guest hunter2 letmein minio minioadmin minio123 mysql pass passw0rd password password1"
    " password123 postgres qwerty rabbitmq root s3cr3t s3cret secret secret123 secretkey super-secret supersecret"
    " temp temporary test test123 tester testing welcome welcome1"
)
_USERINFO = later(r"://(?P<user>[^\s/:@]*):(?P<password>[^\s/@]+)@")


def is_placeholder(text: str) -> bool:
    """Whether a value waits to be replaced: `changeme`, `TODO`, `your-api-key`, `xxx`."""
    return bool(_WAITING.fullmatch(text) or _CHANGE.search(text))


def is_to_be_filled(text: str) -> bool:
    """Whether a value holds a place to fill in, in angle brackets: `<your-host>`."""
    return _ANGLE.search(text) is not None


def passwords_in(text: str) -> Iterator[str]:
    """The passwords of the URLs in a value."""
    for match in _USERINFO.finditer(text):
        yield match["password"]


def is_credential(said: tuple[str, ...]) -> bool:
    """Whether a key made of these words holds a credential, rather than naming where one is."""
    if said[-1:] == ("key",):
        return bool(_KEYS.intersection(said[:-1]))
    return bool(said) and said[-1] in _CREDENTIAL
