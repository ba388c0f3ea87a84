"""What a running process may take of new values: live fields; the others stay until it starts again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from terrace.model.layers import leaves
from terrace.model.merge import merge
from terrace.model.service import Contract
from terrace.model.source import Pointer
from terrace.model.typed import nest

_MISSING = object()


class Pinned(NamedTuple):
    """The values to run with, the places at which they are new, and those whose new values wait for a restart."""

    values: dict[str, Any]
    changed: tuple[Pointer, ...]
    waiting: tuple[Pointer, ...]


def pinned(new: dict[str, Any], running: dict[str, Any], contract: Contract, *, all_live: bool = False) -> Pinned:
    """`new`, with what the contract does not mark live as it is in `running`; nothing so if `all_live`."""
    differ = changed(running, new)
    live = {pointer for pointer in differ if all_live or _is_live(contract, pointer)}
    waiting = tuple(pointer for pointer in differ if pointer not in live)
    if not waiting:
        return Pinned(new, tuple(differ), ())
    before = dict(leaves(running))
    values = new
    # A value may have become a section, or a section a value: what is new goes before what was there comes back.
    for pointer in waiting:
        if pointer not in before:
            values = merge(values, nest({pointer: None}))
    values = merge(values, nest({pointer: before[pointer] for pointer in waiting if before.get(pointer) is not None}))
    for pointer in waiting:
        if pointer in before and before[pointer] is None:
            values = _with_null(values, pointer)
    return Pinned(values, tuple(pointer for pointer in differ if pointer in live), waiting)


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[Pointer]:
    """The leaves at which two configurations differ, sorted."""
    return sorted(set(_differences(old, new, ())))


def _differences(old: dict[str, Any], new: dict[str, Any], pointer: Pointer) -> Iterator[Pointer]:
    for key, value in new.items():
        before = old.get(key, _MISSING)
        if before is value:
            continue
        if isinstance(before, dict) and isinstance(value, dict) and before and value:
            yield from _differences(before, value, (*pointer, key))
        # 1, 1.0 and True are equal to Python, and not the same value to a contract.
        elif type(before) is not type(value) or before != value:
            yield from _below(before, (*pointer, key))
            yield from _below(value, (*pointer, key))
    for key in old.keys() - new.keys():
        yield from _below(old[key], (*pointer, key))


def _below(value: Any, pointer: Pointer) -> Iterator[Pointer]:
    if value is not _MISSING:
        yield from ((*pointer, *inner) for inner, _ in leaves(value))


def _is_live(contract: Contract, pointer: Pointer) -> bool:
    """Whether the field at a place, or the one it lies in, is live."""
    for end in range(len(pointer), 0, -1):
        field = contract.field(pointer[:end])
        if field is not None:
            return field.live
    return False


def _with_null(values: dict[str, Any], pointer: Pointer) -> dict[str, Any]:
    """`values` with a null at a place: a merge would remove it."""
    key = str(pointer[0])
    inner = _with_null(values.get(key, {}), pointer[1:]) if len(pointer) > 1 else None
    return {**values, key: inner}
