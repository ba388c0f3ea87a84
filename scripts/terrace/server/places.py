"""Places in values: what stands at one, which are secret, and values without some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from terrace.model.layers import leaves
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted
from terrace.server.problems import ProblemError


def at(values: Mapping[str, Any], path: tuple[str, ...], withheld: tuple[Pointer, ...]) -> tuple[Any, Pointer]:
    """What stands at `path`, and its place: items of lists by their number. Raises a problem where nothing does."""
    found: Any = values
    place: Pointer = ()
    for part in path:
        if isinstance(found, dict) and part in found:
            found, place = found[part], (*place, part)
        elif isinstance(found, list) and part.isascii() and part.isdigit() and int(part[:9]) < len(found):
            found, place = found[int(part[:9])], (*place, int(part[:9]))
        elif path in withheld:
            raise ProblemError(403, f"{dotted(path)} is secret, and this caller may not see secrets.")
        else:
            raise ProblemError(404, "Nothing is set at this path.")
    return found, place


def below(pointers: Iterable[Pointer], place: Pointer) -> tuple[Pointer, ...]:
    """Those of `pointers` that lie at `place` or below it."""
    return tuple(pointer for pointer in pointers if pointer[: len(place)] == place)


def secrets_among(
    values: Mapping[str, Any], contract: Contract, is_secret: Callable[[object], bool]
) -> Iterator[Pointer]:
    """The leaves that the contract calls secret, or that `is_secret` does by their value."""
    for pointer, value in leaves(values):
        field = contract.field(pointer)
        if is_secret(value) or (field is not None and field.secret and value not in (None, {}, [])):
            yield pointer


def without(values: dict[str, Any], pointers: Iterable[Pointer]) -> dict[str, Any]:
    """`values` without what stands at `pointers`; sections that become empty stay."""
    for pointer in pointers:
        values = _removed(values, pointer)
    return values


def _removed(values: dict[str, Any], pointer: Pointer) -> dict[str, Any]:
    key = str(pointer[0]) if pointer else ""
    if key not in values:
        return values
    copied = dict(values)
    if len(pointer) == 1:
        del copied[key]
    elif isinstance(values[key], dict):
        copied[key] = _removed(values[key], pointer[1:])
    return copied
