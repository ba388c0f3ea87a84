"""Values as the properties that Spring binds: one name for each, `database.pool_max`, `origins[0]`, `limits[a.b]`.

Names that the contract gives stand as they are. A key of a map may be anything that somebody wrote into a file. Spring
reads names loosely (`a-b`, `a_b` and `AB` are one to it), and dots as steps, unless they stand in brackets. So does a
key that has other characters than letters, digits, `-` and `_`, or beside it another one that Spring would take for the
same: none can be taken for a way into another place, nor for another key.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from terrace.model.service import Contract, Field
from terrace.model.source import Pointer, dotted
from terrace.server.problems import ProblemError

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


class Property(NamedTuple):
    """One property: its name, its value (text, a number or a boolean), and the place it stands at."""

    name: str
    value: Any
    pointer: Pointer


def properties(values: dict[str, Any], contract: Contract) -> list[Property]:
    """The properties of `values`, in order. Raises a problem where Spring has no name for one, or one name for two.

    A null says that nobody set a value, so it is no property. In a list its place has to stay: there it is empty text.
    So is an empty list, as Spring reads it. An empty map is nothing.
    """
    found = list(_below("", values, (), contract.root))
    names: dict[str, Pointer] = {}
    for each in found:
        if names.setdefault(each.name, each.pointer) != each.pointer:
            raise _same(each.pointer, names[each.name])
    return found


def _below(name: str, value: Any, pointer: Pointer, field: Field | None) -> Iterator[Property]:
    if isinstance(value, dict):
        names = _names(name, value, pointer, field)
        for key, inner in value.items():
            if inner is not None:
                yield from _below(names[key], inner, (*pointer, key), field.child(key) if field else None)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            item = field.child(index) if field else None
            yield from _below(f"{name}[{index}]", "" if inner is None else inner, (*pointer, index), item)
    else:
        yield Property(name, "" if value == [] else value, pointer)


def _names(name: str, keys: dict[str, Any], pointer: Pointer, field: Field | None) -> dict[str, str]:
    """The name of each key of the map at `name`."""
    alike = Counter(map(_loosely, keys))
    found: dict[str, str] = {}
    declared: dict[str, str] = {}
    for key in keys:
        found[key] = f"{name}.{key}" if name else key
        if _is_declared(field, key):
            other = declared.setdefault(_loosely(key), key)
            if other != key:
                raise _same((*pointer, key), (*pointer, other))
        elif not key or set(key) & set("[]"):
            raise ProblemError(409, f"Spring has no name for {dotted((*pointer, key))}, which is below /v1 only.")
        elif not _PLAIN.fullmatch(key) or alike[_loosely(key)] > 1:
            found[key] = f"{name}[{key}]"
    return found


def _loosely(key: str) -> str:
    """What Spring compares of a name."""
    return key.replace("-", "").replace("_", "").lower()


def _is_declared(field: Field | None, key: str) -> bool:
    if field is None:
        return False
    return key in field.properties or any(_is_declared(each, key) for each in field.alternatives)


def _same(first: Pointer, second: Pointer) -> ProblemError:
    return ProblemError(409, f"{dotted(first)} and {dotted(second)} are one property to Spring: see them below /v1.")
