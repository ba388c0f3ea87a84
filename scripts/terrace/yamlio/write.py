"""YAML for our values, written so that readers of YAML 1.1 and 1.2 read the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from terrace.errors import TerraceError
from terrace.model.source import Pointer, dotted
from terrace.yamlio.scalars import resolve

_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "", "=", "<<"))
_NOT_TEXT = _WORDS - {"y", "n", "yes", "no", "on", "off"}
_YAML11 = re.compile(
    r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+|\.(?:inf|nan)|\.[0-9_]+(?:e[-+]?[0-9]+)?"
    r"|[0-9][0-9_]*(?::[0-9]{1,2})*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*",
    re.IGNORECASE,
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_FLOW = re.compile(r"[,\[\]{}]")
_ENDS_PLAIN = re.compile(r":(?:\s|$)|\s#|^\s|\s$|^(?:---|\.\.\.)")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_INT64 = range(-(2**63), 2**63)


class Plain(str):
    """Text that is to stand without quotes, as people write it in a file: `on`, or a day.

    What even YAML 1.2 would misread without quotes has them all the same.
    """

    __slots__ = ()


class Flow(dict[str, Any]):
    """A map that is to stand in brackets in one line, wherever it is written."""

    __slots__ = ()


def dump_scalar(value: object, *, flow: bool = False) -> str:
    """`value` as YAML writes it in one line, quoted only where some reader would misread it.

    `flow` is for places inside brackets, where commas and brackets mean something.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value not in _INT64:
            raise TerraceError("an integer does not fit into 64 bits", hint="Use text.")
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if not isinstance(value, str):
        raise TerraceError(f"a value of type {type(value).__name__} cannot be written as YAML")
    return value if _is_plain(value, flow=flow) else quote(value)


def _float(value: float) -> str:
    if not isfinite(value):
        raise TerraceError("a number that is not finite cannot be written", hint="Leave the key out, or use text.")
    mantissa, e, exponent = repr(value).partition("e")
    # Without a dot and a sign, YAML 1.1 reads text.
    return mantissa + ("" if "." in mantissa else ".0") + e + exponent


def _is_plain(text: str, *, flow: bool) -> bool:
    old = not isinstance(text, Plain)
    if text.lower() in (_WORDS if old else _NOT_TEXT) or not isinstance(resolve(text), str):
        return False
    if _YAML11.fullmatch(text) and (old or not _DAY.fullmatch(text)):
        return False
    begins = text[0] in _INDICATORS and not (text[0] == "-" and len(text) > 1 and text[1] not in " -,[]{}")
    if begins or _ENDS_PLAIN.search(text) or not text.isprintable():
        return False
    return not (flow and (_FLOW.search(text) or text[0] == "-" or ":" in text or "?" in text))


def quote(text: str, style: str = "") -> str:
    """`text` in quotes: those of `style` if it can stand in them, else the ones that need no escapes."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise TerraceError("half of a surrogate pair cannot be written as UTF-8")
    if text.isprintable() and (style == "'" or (not style and ("\\" in text or '"' in text))):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def dump_flow(value: object) -> str:
    """`value` in one line, collections in brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key, flow=True)}: {dump_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump_flow, value)) + "]"
    return dump_scalar(value, flow=True)


def dump(value: object, indent: int = 0) -> str:
    """`value` as lines of YAML that begin behind `indent` spaces, maps and lists in block style."""
    return "".join(f"{line}\n" for line, _ in _lines(value, indent, ()))


def render(values: dict[str, Any], comment: Callable[[Pointer], str] | None = None) -> str:
    """A whole configuration as YAML. `comment` gives the text behind a line by its pointer; empty for none."""
    if not values:
        return "{}\n"
    lines = []
    for line, pointer in _lines(values, 0, ()):
        said = " ".join(comment(pointer).split()) if comment is not None else ""
        lines.append(f"{line}  # {said}\n" if said else f"{line}\n")
    return "".join(lines)


def _lines(value: object, indent: int, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    space = " " * indent
    if isinstance(value, dict) and _is_block(value):
        for key, inner in value.items():
            place = (*pointer, key)
            name = _key(key, flow=False)
            if _is_block(inner):
                yield f"{space}{name}:", place
                yield from _lines(inner, indent + 2, place)
            else:
                yield f"{space}{name}: {_in_line(inner)}", place
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            inside = _lines(inner, indent + 2, (*pointer, index))
            first, place = next(inside)
            yield f"{space}- {first[indent + 2 :]}", place
            yield from inside
    else:
        yield space + _in_line(value), pointer


def _in_line(value: object) -> str:
    return dump_flow(value) if isinstance(value, (dict, list)) else dump_scalar(value)


def _is_block(value: object) -> bool:
    return isinstance(value, (dict, list)) and bool(value) and not isinstance(value, Flow)


def _key(key: object, *, flow: bool) -> str:
    if not isinstance(key, str):
        raise TerraceError(f"the key {dotted((str(key),))} is not text")
    return dump_scalar(key, flow=flow)
