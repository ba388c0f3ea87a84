"""Values of a configuration on one line."""

from __future__ import annotations

from typing import Any


def compact(value: Any) -> str:
    """A value as short as it can be said: text bare where that is clear, everything else as JSON."""
    if isinstance(value, str) and value and value.isprintable() and value == value.strip() and value[0] not in "[{\"'":
        return value if not _looks_like_another_type(value) else f'"{value}"'
    import json

    return json.dumps(value, ensure_ascii=False)


def _looks_like_another_type(text: str) -> bool:
    if text in ("true", "false", "null"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
