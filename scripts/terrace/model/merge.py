"""The one merge: JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from typing import Any


def merge(target: Any, patch: Any) -> Any:
    """`target` with `patch` applied, as RFC 7396 section 2 says: maps merge, lists replace, null removes.

    Neither argument is changed. Parts that `patch` does not touch are shared with `target`, not copied.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge(merged.get(key), value)
        else:
            merged[key] = value
    return merged


def only_refines(values: Any, below: Any) -> bool:
    """Whether `values` laid over `below` only give leaves: nothing removed, no new section, no list of sections.

    Then what holds of each of the two by itself (the schema's defaults, its types) holds of them merged.
    """
    if not isinstance(below, dict):
        return False
    for name, value in values.items():
        if isinstance(value, dict):
            if not only_refines(value, below.get(name)):
                return False
        elif value is None or isinstance(below.get(name), dict) or _holds_sections(value):
            return False
    return True


def _holds_sections(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
