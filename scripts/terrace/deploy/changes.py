"""What differs between two bundles of a service: leaf by leaf, with the tenants it differs for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from terrace.bundle import Bundle
from terrace.model.layers import leaves
from terrace.model.service import Contract
from terrace.model.source import Pointer

Absent = type("Absent", (), {"__repr__": lambda _self: "ABSENT"})
ABSENT: Any = Absent()
"""Stands for a leaf that is not set, or a tenant that has no slice."""

PRESENT = "present"
"""Stands for the slice of a tenant, at the pointer `()`."""


class Change(NamedTuple):
    """One leaf that differs in the same way for `tenants` ("" is no tenant). The pointer `()` is a whole slice."""

    pointer: Pointer
    before: Any
    after: Any
    tenants: tuple[str, ...]


class LeafChange(NamedTuple):
    """A leaf that a rollback changed, for people. `live`: a running process takes it without a restart."""

    pointer: Pointer
    tenants: int
    live: bool


def changes(before: Bundle, after: Bundle) -> list[Change]:
    """Every leaf whose effective value differs between two bundles, sorted by pointer."""
    grouped: dict[tuple[Pointer, bytes, bytes], tuple[Any, Any, list[str]]] = {}
    for pair, tenants in _pairs(before, after).items():
        for pointer, old, new in _differences(before, after, *pair):
            key = (pointer, _key(old), _key(new))
            grouped.setdefault(key, (old, new, []))[2].extend(tenants)
    found = [Change(key[0], old, new, tuple(sorted(tenants))) for key, (old, new, tenants) in grouped.items()]
    return sorted(found, key=lambda change: ([str(part) for part in change.pointer], change.tenants))


def leaf_changes(found: list[Change], *bundles: Bundle) -> tuple[LeafChange, ...]:
    """`found` by leaf, with the number of slices it reaches. Live is what every contract that knows it calls so."""
    contracts = [Contract(bundle.ref.service, bundle.schema) for bundle in bundles]
    tenants: dict[Pointer, set[str]] = {}
    for change in found:
        tenants.setdefault(change.pointer, set()).update(change.tenants)
    return tuple(LeafChange(pointer, len(names), _is_live(pointer, contracts)) for pointer, names in tenants.items())


def _pairs(before: Bundle, after: Bundle) -> dict[tuple[str, str], list[str]]:
    """The pairs of configuration files that differ, with their tenants: most tenants share a pair with others."""
    old, new = before.manifest, after.manifest
    pairs: dict[tuple[str, str], list[str]] = {}
    for name in old.slices.keys() | new.slices.keys():
        left = old.slices[name].config if name in old.slices else ""
        right = new.slices[name].config if name in new.slices else ""
        if not left or not right or old.files[left].sha256 != new.files[right].sha256:
            pairs.setdefault((left, right), []).append(name)
    return pairs


def _differences(before: Bundle, after: Bundle, left: str, right: str) -> Iterator[tuple[Pointer, Any, Any]]:
    if not left or not right:
        yield (), PRESENT if left else ABSENT, PRESENT if right else ABSENT
        return
    yield from _below(before.config(left), after.config(right), ())


def _below(old: Any, new: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Any, Any]]:
    """The leaves below `pointer` that differ. Parts that are written alike are alike, and are not looked into."""
    if isinstance(old, dict) and isinstance(new, dict) and ((old and new) or not pointer):
        for key in old.keys() | new.keys():
            was, becomes = old.get(key, ABSENT), new.get(key, ABSENT)
            if _key(was) != _key(becomes):
                yield from _below(was, becomes, (*pointer, key))
        return
    before = {} if old is ABSENT else dict(leaves(old, pointer))
    after = {} if new is ABSENT else dict(leaves(new, pointer))
    for place in before.keys() | after.keys():
        yield place, before.get(place, ABSENT), after.get(place, ABSENT)


def _key(value: Any) -> bytes:
    """What two equal values have in common; 1, 1.0 and true are three values, as they are for the service."""
    return b"" if value is ABSENT else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _is_live(pointer: Pointer, contracts: list[Contract]) -> bool:
    if all(contract.root.live for contract in contracts):
        return True  # as for flags, whatever stands below
    fields = [field for contract in contracts if pointer and (field := contract.field(pointer)) is not None]
    return bool(fields) and all(field.live for field in fields)
