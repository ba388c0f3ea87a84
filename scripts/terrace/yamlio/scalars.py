"""Plain scalars as YAML 1.2's core schema reads them, and the numbers that readers disagree about."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import re

Scalar = str | int | float | bool | None

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_START = frozenset("0123456789+-.")
_INT64 = range(-(2**63), 2**63)
_LONGEST_INT = 20
_INFINITY = float("inf")


class Refused(NamedTuple):
    """Why a plain scalar has no value here: the code of the finding, what is wrong, what to do."""

    code: str
    message: str
    hint: str


def resolve(text: str) -> Scalar | Refused:
    """The value of a plain scalar by the YAML 1.2 core schema, or why it is refused."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if text.isdecimal() and text.isascii() and text[0] != "0":
        return _integer(text, "int")
    match = _number().fullmatch(text)
    if match is None:
        return text if text != "-" else Refused("SYN004", "a lone '-' is not a value", _QUOTE)
    digits = text.lstrip("+-")
    if digits[0] == "0" and digits[1:2].isdecimal():
        return _leading_zero(text)
    kind = match.lastgroup
    if kind == "special":
        return Refused("SYN013", f"{text} is not a finite number", "Leave the key out, or quote it if it is text.")
    if kind == "float":
        number = float(text)
        if number in (_INFINITY, -_INFINITY):
            return Refused("SYN013", f"{_short(text)} is too large for a number", _QUOTE)
        return number
    return _integer(text, kind)


@cache
def _number() -> re.Pattern[str]:
    # Made when the first number needs it: a process that looks at one file starts a millisecond earlier.
    import re

    return re.compile(
        r"(?P<int>[-+]?[0-9]+)"
        r"|(?P<oct>0o[0-7]+)"
        r"|(?P<hex>0x[0-9a-fA-F]+)"
        r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
        r"|(?P<special>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
    )


_QUOTE = "Quote it if it is text."


def _integer(text: str, kind: str | None) -> int | Refused:
    if kind == "int":
        # Python refuses to convert very long digit strings, and would take long for others.
        value = int(text) if len(text) <= _LONGEST_INT else None
    else:
        digits = text[2:].lstrip("0") or "0"
        value = int(digits, 8 if kind == "oct" else 16) if len(digits) <= 2 * _LONGEST_INT else None
    if value is None or value not in _INT64:
        return Refused("SYN013", f"the integer {_short(text)} does not fit into 64 bits", _QUOTE)
    return value


def _leading_zero(text: str) -> Refused:
    return Refused(
        "SYN012",
        f"readers disagree about {_short(text)}: a leading zero makes it octal to some of them",
        "Quote it if it is text; write 0o... for an octal number, or leave the zero out.",
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:20]}... ({len(text):,} characters)"
