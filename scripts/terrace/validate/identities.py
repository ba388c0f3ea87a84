"""What a value names in the world, so that values of different fields, services and environments can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from terrace.model.service import Field
from terrace.model.source import Pointer
from terrace.validate.hosts import host_of, is_loopback, is_unspecified


class Identity(NamedTuple):
    """One thing in the world: a host, an e-mail address, a bucket, an account or a key id."""

    kind: str
    name: str


@lru_cache(maxsize=8192)
def identity(kind: str, value: str) -> Identity | None:
    """What the value of a field names that its contract says to identify a `kind`; None for nothing distinctive.

    A URL names its host. An address of the machine itself, and one to listen on, name nothing.
    """
    text = value.strip()
    if kind in ("host", "url"):
        host = host_of(text)
        return None if not host or is_loopback(host) or is_unspecified(host) else Identity("host", host)
    if kind == "email":
        text = text.casefold()
    return Identity(kind, text) if text else None


def marked(field: Field, marker: str) -> Iterator[Field]:
    """Every field below `field`, in maps, lists and alternatives too, whose contract has set `marker`."""
    if getattr(field, marker):
        yield field
    below = [*field.properties.values(), field.additional, field.items, *field.alternatives]
    for inner in below:
        if inner is not None:
            yield from marked(inner, marker)


class _Node:
    """Fields at one place of a contract, and the places below: named, any key of a map, any item of a list."""

    __slots__ = ("fields", "inside")

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.inside: dict[str | int, _Node] = {}


class Places:
    """Where some fields of a contract stand in values: all of them found in one walk."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self.fields = tuple(fields)
        self._root = _Node()
        for field in self.fields:
            node = self._root
            for part in field.pointer:
                node = node.inside.setdefault(part, _Node())
            node.fields.append(field)

    def find(self, values: Any) -> list[tuple[Field, Pointer, Any]]:
        """Each place where one of the fields stands, and what is there."""
        found: list[tuple[Field, Pointer, Any]] = []
        _find(self._root, values, (), found)
        return found


def _find(node: _Node, value: Any, at: Pointer, found: list[tuple[Field, Pointer, Any]]) -> None:
    for field in node.fields:
        found.append((field, at, value))
    for part, below in node.inside.items():
        if part == "*" or isinstance(part, int):
            for key, item in _each(value, part):
                _find(below, item, (*at, key), found)
        elif isinstance(value, dict) and part in value:
            _find(below, value[part], (*at, part), found)


def places(pattern: Pointer, value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Where a field stands in `value`, and what is there. In a field's pointer `*` is any key, a number any item."""
    for depth, part in enumerate(pattern):
        if part == "*" or isinstance(part, int):
            for key, item in _each(value, part):
                yield from places(pattern[depth + 1 :], item, (*at, *pattern[:depth], key))
            return
        if not isinstance(value, dict) or part not in value:
            return
        value = value[part]
    yield (*at, *pattern), value


def _each(value: Any, part: str | int) -> Iterable[tuple[str | int, Any]]:
    """What `*` or a number in a field's pointer stands for: the entries of a map, the items of a list."""
    if isinstance(value, list) and isinstance(part, int):
        return enumerate(value)
    return value.items() if isinstance(value, dict) and isinstance(part, str) else ()
