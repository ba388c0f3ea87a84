"""Text and places into values: a secret's text as its field wants it, and values by place as maps in one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrace.errors import RefusedError
from terrace.model.secret import Secret
from terrace.model.service import Field
from terrace.model.source import Pointer, dotted

Scalar = str | int | float | bool
_NESTED = frozenset({"array", "object"})


def typed(text: str, field: Field, pointer: Pointer) -> Secret[Scalar]:
    """The value that `text` is for a field: text as it is, unless the contract asks for a number or true and false."""
    types = field.types
    if not types or "string" in types:
        return Secret(text)
    if types & _NESTED:
        raise RefusedError(f"{dotted(pointer)} is not a single value, and secrets are")
    stripped = text.strip()
    if "boolean" in types and stripped in ("true", "false"):
        return Secret(stripped == "true")
    for name, read in (("integer", int), ("number", float)):
        if name in types and stripped.isascii() and "_" not in stripped:
            try:
                return Secret(read(stripped))
            except ValueError:
                continue
    raise RefusedError(f"{dotted(pointer)}: the value is not of type {' or '.join(sorted(types))}")


def nest(values: Mapping[Pointer, object]) -> dict[str, Any]:
    """Values by place as maps in one another."""
    nested: dict[str, Any] = {}
    for pointer, value in values.items():
        put(nested, pointer, value)
    return nested


def put(nested: dict[str, Any], pointer: Pointer, value: object) -> None:
    """Put `value` at `pointer` into `nested`, with the maps that lead there."""
    inner = nested
    for part in pointer[:-1]:
        inner = inner.setdefault(str(part), {})
    inner[str(pointer[-1])] = value
