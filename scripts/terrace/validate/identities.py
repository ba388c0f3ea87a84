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


def places(pattern: Pointer, value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Where a field stands in `value`, and what is there. In a field's pointer `*` is any key, a number any item."""
    for depth, part in enumerate(pattern):
        if part == "*" or isinstance(part, int):
            yield from _each(pattern[depth + 1 :], value, part, (*at, *pattern[:depth]))
            return
        if not isinstance(value, dict) or part not in value:
            return
        value = value[part]
    yield (*at, *pattern), value


def _each(rest: Pointer, value: Any, part: str | int, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, list) and isinstance(part, int):
        inner = enumerate(value)
    elif isinstance(value, dict) and isinstance(part, str):
        inner = value.items()
    for key, item in inner:
        yield from places(rest, item, (*at, key))


def value_at(pointer: Pointer, value: Any) -> Any:
    """What stands at exactly `pointer` in `value`, or None."""
    for part in pointer:
        if isinstance(value, dict):
            value = value.get(part)
        else:
            inside = isinstance(value, list) and isinstance(part, int) and part < len(value)
            value = value[part] if inside else None
    return value
