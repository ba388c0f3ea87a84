"""YAML's scalars as Go's YAML reader types them, which is neither YAML 1.1 nor 1.2, and the text of each type.

The text of a value is what SOPS encrypts and what its MAC covers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from terrace.yamlio.untyped import ScalarNode

Kind = Literal["str", "bytes", "int", "float", "bool", "time", "null"]
Value = str | bytes | int | float | bool | None


class Timestamp(str):
    """A point in time as SOPS writes it (RFC 3339 with up to nine digits of a second): more exact than a datetime."""

    __slots__ = ()


class Typed(NamedTuple):
    """A scalar's type and its text; bytes where they are not text."""

    kind: Kind
    text: str | bytes


class UntypableError(ValueError):
    """A scalar that Go's reader or SOPS refuses; the message says why, without the scalar."""


_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)
_NULL = Typed("null", "")
_FALSE, _TRUE = Typed("bool", "False"), Typed("bool", "True")
_WORDS: dict[str, Typed] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), _NULL),
    **dict.fromkeys(("true", "True", "TRUE"), _TRUE),
    **dict.fromkeys(("false", "False", "FALSE"), _FALSE),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), Typed("float", "NaN")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), Typed("float", "+Inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), Typed("float", "-Inf")),
}
_NUMBER_START = frozenset("+-0123456789")
ODD_START = frozenset("+-0123456789.yYnNtTfFoO~")
"""A plain scalar that begins otherwise, and is not empty, is text."""
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:([Tt])| )([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?(Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
_TAG = "tag:yaml.org,2002:"
_LONGEST_DIGITS = 64


def typed(node: ScalarNode) -> Typed:
    """The type and text of a scalar. Raises UntypableError for what SOPS refuses."""
    tag: str = node.tag
    text: str = node.value
    if not tag:
        return Typed("str", text) if node.style else plain(text)
    return _tagged(tag.removeprefix(_TAG) if tag.startswith(_TAG) else "", text)


def plain(text: str) -> Typed:
    """The type and text of a scalar without quotes and tag."""
    if text and text[0] not in ODD_START:
        return Typed("str", text)
    if text in _WORDS:
        return _WORDS[text]
    time = _time(text) if text[0] in _NUMBER_START else None
    return Typed("time", time) if time is not None else _number(text)


def _tagged(name: str, text: str) -> Typed:
    if name == "binary":
        return _binary(text)
    if name not in ("int", "float", "bool", "null", "timestamp"):
        return Typed("str", text)
    kind = "time" if name == "timestamp" else name
    found = plain(text) if kind == "time" or not text or text[0] not in _NUMBER_START else _number(text)
    if kind == "float" and found.kind == "int":
        return Typed("float", float_text(float(int(found.text))))
    if found.kind != kind:
        raise UntypableError(f"the value is not what its tag !!{name} says")
    return found


def _binary(text: str) -> Typed:
    from base64 import b64decode

    try:
        data = b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        raise UntypableError("the value has the tag !!binary and is not base64") from None
    return text_or_bytes(data)


def text_or_bytes(data: bytes) -> Typed:
    """The text that `data` is in UTF-8, or the bytes themselves."""
    try:
        return Typed("str", data.decode("utf-8"))
    except UnicodeDecodeError:
        return Typed("bytes", data)


def _number(text: str) -> Typed:
    if text[:1] == ".":
        return _float(text) if _DOT_FLOAT.fullmatch(text) else Typed("str", text)
    if text[:1] not in _NUMBER_START:
        return Typed("str", text)
    digits = text.replace("_", "")
    match = _INTEGER.fullmatch(digits)
    if match is not None and (found := _integer(match)) is not None:
        return found
    return _float(text, digits) if _FLOAT.fullmatch(digits) else Typed("str", text)


def _integer(match: re.Match[str]) -> Typed | None:
    sign, *bases = match.groups()
    number, base = next((part, base) for part, base in zip(bases, (16, 2, 8, 10), strict=True) if part is not None)
    number = number.lstrip("0") or "0"
    if len(number) > _LONGEST_DIGITS:
        return None
    value = -int(number, base) if sign == "-" else int(number, base)
    if value in _INT64:
        return Typed("int", str(value))
    if not sign and value in _UINT64:
        raise UntypableError("the integer does not fit into 64 bits with a sign, and SOPS refuses it; quote it")
    return None


def _float(text: str, digits: str = "") -> Typed:
    number = float(digits or text.replace("_", ""))
    return Typed("str", text) if number in (float("inf"), float("-inf")) else Typed("float", float_text(number))


def float_text(number: float) -> str:
    """A float as SOPS writes it: the shortest digits that give it back, and never an exponent."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "+Inf" if number > 0 else "-Inf"
    written = repr(number)
    if "e" in written:
        from decimal import Decimal

        written = format(Decimal(written), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _time(text: str) -> str | None:
    """The canonical text of a timestamp, None for a text that is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, separator, hour, minute, second, fraction, zone = match.groups()
    # Behind a T there is a zone; behind a space there is none.
    if hour is not None and bool(separator) != bool(zone):
        return None
    return _canonical((year, month, day), (hour or "0", minute or "0", second or "0"), fraction or "", zone or "Z")


def _canonical(date: tuple[str, str, str], time: tuple[str, str, str], fraction: str, zone: str) -> str | None:
    from calendar import monthrange

    year, month, day = map(int, date)
    hour, minute, second = map(int, time)
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year or 4, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 59 or (zone != "Z" and (int(zone[1:3]) > 24 or int(zone[4:]) > 60)):
        return None
    fraction = fraction[:9].rstrip("0")
    zone = "Z" if zone[1:] == "00:00" else zone
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{'.' if fraction else ''}{fraction}{zone}"


def rfc3339(text: str) -> str | None:
    """The canonical text of a point in time with a zone, None for anything else."""
    return _time(text) if len(text) >= 20 and text[10] == "T" and text[19] in ".,Z+-" else None


def value_of(found: Typed) -> Value:
    """The value that a type and a text are."""
    kind, text = found
    if kind == "str" or kind == "bytes":
        return text
    assert isinstance(text, str)
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "bool":
        return text == "True"
    return Timestamp(text) if kind == "time" else None


def typed_value(value: object) -> Typed:
    """The type and text of a value. Raises UntypableError for what SOPS cannot hold."""
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, int):
        if value not in _INT64:
            raise UntypableError("the integer does not fit into 64 bits; use text")
        return Typed("int", str(int(value)))
    if isinstance(value, float):
        return Typed("float", float_text(value))
    if isinstance(value, Timestamp):
        if rfc3339(value) != value:
            raise UntypableError("the timestamp is not in its canonical form")
        return Typed("time", str(value))
    if isinstance(value, bytes):
        return text_or_bytes(value)
    if not isinstance(value, str):
        raise UntypableError(f"a value of the type {type(value).__name__} cannot stand in a SOPS file")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise UntypableError("half of a surrogate pair cannot be written as UTF-8")
    return Typed("str", str(value))
