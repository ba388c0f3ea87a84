"""Values as the lines of YAML that SOPS files are made of, in SOPS's own layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from terrace.sops.errors import NotWritableError
from terrace.sops.scalars import Typed, plain
from terrace.yamlio.limits import MAX_DEPTH
from terrace.yamlio.write import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Scalar = Callable[[tuple[str, ...], object], str]
    """How the value at a path is written, in one line."""

INDENT = 4
_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
# Text to Go's reader, something else to readers of YAML 1.1.
_OLD_BOOLS = frozenset(("y", "n", "yes", "no", "on", "off"))
_LONGEST_KEY = 500
_SPECIAL = {"NaN": ".nan", "+Inf": ".inf", "-Inf": "-.inf"}


def lines(value: object, path: tuple[str, ...], indent: int, scalar: Scalar) -> Iterator[str]:
    """A map or list as lines that begin behind `indent` spaces. Raises NotWritableError for keys SOPS cannot take."""
    if indent > INDENT * MAX_DEPTH or len(path) > MAX_DEPTH:
        raise NotWritableError("values are nested too deep", pointer=path[:3])
    space = " " * indent
    if isinstance(value, dict):
        for key, inner in value.items():
            name, here = _key(key, path), (*path, key)
            if not is_block(inner):
                yield f"{space}{name} {_inline(inner, here, scalar)}"
            else:
                yield f"{space}{name}"
                yield from lines(inner, here, indent + INDENT, scalar)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            if not is_block(inner):
                yield f"{space}- {_inline(inner, path, scalar)}"
                continue
            first, *rest = lines(inner, path, indent + 2, scalar)
            yield f"{space}- {first[indent + 2 :]}"
            yield from rest


def is_block(value: object) -> bool:
    """Whether a value takes lines of its own."""
    return isinstance(value, (dict, list, tuple)) and bool(value)


def _inline(value: object, path: tuple[str, ...], scalar: Scalar) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, (list, tuple)) else scalar(path, value)


def _key(key: object, path: tuple[str, ...]) -> str:
    """A key with its colon."""
    if not isinstance(key, str):
        raise NotWritableError(f"the key {key!r} is not text", pointer=path)
    if key == "<<":
        raise NotWritableError("a key '<<' is a merge key to some readers, and SOPS cannot read it back", pointer=path)
    if any("\ud800" <= character <= "\udfff" for character in key):
        raise NotWritableError("a key holds half of a surrogate pair", pointer=path)
    if len(key) > _LONGEST_KEY:
        raise NotWritableError(f"a key of {len(key):,} characters is too long", pointer=path)
    return text(key) + ":"


def text(value: str) -> str:
    """Text in the open, quoted unless every reader takes it as it is."""
    if _SIMPLE.fullmatch(value) and value.lower() not in _OLD_BOOLS and plain(value).kind == "str":
        return value
    return quote(value, '"')


def in_the_open(found: Typed) -> str:
    """A value that is not encrypted, written so that Go reads the same type and text."""
    kind, written = found
    if isinstance(written, bytes):
        from base64 import b64encode

        return f"!!binary {b64encode(written).decode()}"
    if kind == "str":
        return text(written)
    if kind == "float":
        if written == "-0":
            raise NotWritableError("SOPS cannot keep -0.0 in the open: it would read the whole number 0")
        return _SPECIAL.get(written) or (written if "." in written else f"{written}.0")
    return {"True": "true", "False": "false", "": "null"}.get(written, written)
