"""The words that a key is made of, however its author writes keys."""

from __future__ import annotations

from functools import lru_cache

from terrace.model.source import Pointer
from terrace.validate.later import later


def word_set(text: str) -> frozenset[str]:
    """The words of `text`, which are parted by spaces; lists of words are easier to read that way."""
    return frozenset(text.split())


_PARTS = later(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_PROSE = word_set(
    "about annotation banner comment comments description descriptions display doc docs example examples help hint"
    " label message note notes notice placeholder prompt reason subject summary text title tooltip"
)


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """The words of a key in lower case: `logLevel`, `LOG_LEVEL` and `log-level` are all `("log", "level")`."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def keys(pointer: Pointer) -> tuple[str, ...]:
    """The keys on the way to a leaf, without the indexes of lists."""
    return tuple(part for part in pointer if isinstance(part, str))


def is_prose(name: str) -> bool:
    """Whether a key's value is written for people to read, so that what it mentions is not what is used."""
    said = words(name)
    return bool(said) and said[-1] in _PROSE


def is_document(text: str) -> bool:
    """Whether a value is a document of its own (a script, a page, a dashboard), which is not read as a setting."""
    return "\n" in text.strip() or text.startswith(('{"', '[{"'))
