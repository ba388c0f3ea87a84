"""The values of a flag's variants, of the type that it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from terrace.flags.conditions import refused
from terrace.model.flag import Flag, FlagType


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_OF_TYPE: Mapping[FlagType, Callable[[object], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "integer": _is_whole,
    "float": lambda value: _is_whole(value) or isinstance(value, float),
    "object": lambda value: isinstance(value, dict),
}


def variants_of(flag: Flag) -> dict[str, Any]:
    """The variants by name. A number of a float flag keeps its point, by which clients tell it from an integer."""
    if not flag.variants:
        raise refused(flag.document, flag.pointer, f"flag {flag.key!r} has no variant")
    for name, value in flag.variants.items():
        if not name or not _OF_TYPE[flag.type](value):
            pointer = (*flag.pointer, "variants", name)
            raise refused(flag.document, pointer, f"variant {name!r} of flag {flag.key!r} is not of type {flag.type}")
    if flag.type == "float":
        return {name: float(value) for name, value in flag.variants.items()}
    return dict(flag.variants)


def type_of(variants: Mapping[str, Any]) -> FlagType | None:
    """The type that all of `variants` are of; None if there is none."""
    for kind in ("boolean", "string", "integer", "float", "object"):
        if variants and all(_OF_TYPE[kind](value) for value in variants.values()):
            return kind
    return None
