"""What a running process may take of new values: live fields; the others stay until it starts again."""

from __future__ import annotations

from typing import Any, NamedTuple

from terrace.model.layers import leaves
from terrace.model.merge import merge
from terrace.model.service import Contract
from terrace.model.source import Pointer
from terrace.model.typed import nest


class Pinned(NamedTuple):
    """The values to run with, and the places whose new values wait for a restart."""

    values: dict[str, Any]
    waiting: tuple[Pointer, ...]


def pinned(new: dict[str, Any], running: dict[str, Any], contract: Contract) -> Pinned:
    """`new`, with what the contract does not mark live as it is in `running`."""
    waiting = tuple(pointer for pointer in changed(running, new) if not _is_live(contract, pointer))
    if not waiting:
        return Pinned(new, ())
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
    return Pinned(values, waiting)


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[Pointer]:
    """The places at which two configurations differ, sorted."""
    if old is new:
        return []
    before, after = dict(leaves(old)), dict(leaves(new))
    missing = object()
    found = [pointer for pointer, value in after.items() if not _same(before.get(pointer, missing), value)]
    return sorted(found + [pointer for pointer in before if pointer not in after])


def _is_live(contract: Contract, pointer: Pointer) -> bool:
    """Whether the field at a place, or the one it lies in, is live."""
    for end in range(len(pointer), 0, -1):
        field = contract.field(pointer[:end])
        if field is not None:
            return field.live
    return False


def _same(one: object, other: object) -> bool:
    # 1, 1.0 and True are equal to Python, and not the same value to a contract.
    return type(one) is type(other) and one == other


def _with_null(values: dict[str, Any], pointer: Pointer) -> dict[str, Any]:
    """`values` with a null at a place: a merge would remove it."""
    key = str(pointer[0])
    inner = _with_null(values.get(key, {}), pointer[1:]) if len(pointer) > 1 else None
    return {**values, key: inner}
