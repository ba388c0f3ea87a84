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


def refine(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any] | None:
    """`merge(target, patch)` if `patch` only gives leaves: nothing removed, no new section, no list of sections.

    Then what holds of each of the two by itself (the schema's defaults, its types) holds of them merged. Else None.
    """
    merged = dict(target)
    for key, value in patch.items():
        below = merged.get(key)
        if isinstance(value, dict):
            inner = refine(below, value) if isinstance(below, dict) else None
            if inner is None:
                return None
            merged[key] = inner
        elif value is None or isinstance(below, dict) or (isinstance(value, list) and _holds_sections(value)):
            return None
        else:
            merged[key] = value
    return merged


def _holds_sections(items: list[Any]) -> bool:
    return any(isinstance(item, dict | list) for item in items)
