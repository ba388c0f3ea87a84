"""How easy a secret is to guess: in words that say why, and never show what it is.

Guesses are counted by zxcvbn, which knows common passwords, names and words, dates, and rows of keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from terrace.validate.later import later
from terrace.validate.opened import OpenedSecret
from terrace.validate.placeholders import EVERYBODY_KNOWS, is_placeholder, is_to_be_filled, passwords_in
from terrace.validate.words import is_document, word_set, words

_SHORTEST = 8
_FEWEST_GUESSES = 8.0
"""As a power of ten: what eight random characters are counted as."""
_LOOKED_AT = (16, 40)
"""So many characters first, for most secrets are strong by then; to look at more takes longer and longer."""

# Not every secret is a password: who logs in, where, and until when is kept beside it.
_NAMES = word_set(
    "account bucket date domain email host hostname id login mail name region sender until user username users"
)
_PASSWORD = later(r"(?:^|[\s;&?])(?:password|passwd|pwd)=([^\s;&]+)", re.I)
_REASONS = {
    "repeat": "repeats itself",
    "sequence": "is a row of characters",
    "spatial": "is a row of keys",
    "date": "is little more than a date",
}


def placeholder(secret: OpenedSecret) -> str:
    """What kind of placeholder a secret is, in words that follow its path; empty if it is none."""
    text = (secret.text or "").strip()
    if is_document(text):
        return ""
    if is_placeholder(text) or any(is_placeholder(each) for each in _passwords(secret)):
        return "is a placeholder"
    return "holds a placeholder in angle brackets" if is_to_be_filled(text) else ""


def weakness(secret: OpenedSecret) -> str:
    """Why a secret is easy to guess, in words that follow its path; empty if it is not, or is no password."""
    if placeholder(secret):
        return ""
    return next((why for text in _passwords(secret) if (why := _weakness(text, secret))), "")


def is_distinctive(secret: OpenedSecret) -> bool:
    """Whether two such values are not the same by chance: no flag, number, name, or anything easy to guess."""
    text = secret.text
    if text is None or _is_chosen(secret) or len(text) < _SHORTEST:
        return False
    return not (placeholder(secret) or weakness(secret))


def _passwords(secret: OpenedSecret) -> Iterator[str]:
    """What of a value only those should know who may: the whole of it, or the password of an address."""
    text = (secret.text or "").strip()
    if not text or is_document(text) or text.startswith("-----BEGIN ") or _is_chosen(secret):
        return
    if "://" in text:
        yield from map(unquote, passwords_in(text))
    elif match := _PASSWORD.search(text):
        yield match[1]
    else:
        yield text


def _is_chosen(secret: OpenedSecret) -> bool:
    """Whether a field takes one of some known values, or a name."""
    named = next((part for part in reversed(secret.pointer) if isinstance(part, str)), "")
    said = words(named)
    schema = secret.field.schema
    formed = schema.get("format", "password") != "password"
    return formed or "enum" in schema or "const" in schema or (bool(said) and said[-1] in _NAMES)


def _weakness(text: str, secret: OpenedSecret) -> str:
    if text.lower() in EVERYBODY_KNOWS:
        return "is a default that everybody knows"
    names = _names(secret)
    if _letters(text) in {_letters(name) for name in names}:
        return "is nothing but a name that is known"
    most = secret.field.schema.get("maxLength")
    if isinstance(most, int) and most < _SHORTEST:
        return ""  # its contract wants it short
    if len(text) < _SHORTEST:
        return f"has fewer than {_SHORTEST} characters"
    return _guessed(text, names)


def _guessed(text: str, names: list[str]) -> str:
    from zxcvbn import zxcvbn

    for length in _LOOKED_AT:
        found = zxcvbn(text[:length], user_inputs=names)
        if found["guesses_log10"] >= _FEWEST_GUESSES:
            return ""
    if len(found["sequence"]) == 1:
        part = found["sequence"][0]
        if part["pattern"] in _REASONS:
            return _REASONS[part["pattern"]]
        if part["pattern"] == "dictionary" and part["dictionary_name"] == "passwords":
            return "is a common password"
    return "is easy to guess"


def _names(secret: OpenedSecret) -> list[str]:
    """The names that somebody who guesses would try first."""
    keys = [part for part in secret.pointer if isinstance(part, str)]
    environment, tenant = secret.home
    services = [contract.service for contract in secret.file.contracts]
    names = [*keys, *services, environment, tenant]
    names += [f"{service}-{keys[-1]}" for service in services] + ["-".join(keys)]
    return [name for name in dict.fromkeys(names) if name]


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
