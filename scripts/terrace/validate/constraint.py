"""What a contract asks of a value, in words that follow its name. They come from the contract, never from the value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "null",
}
_SAYS = {
    "minimum": "must be {} or more",
    "maximum": "must be {} or less",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have {} characters or more",
    "maxLength": "must have {} characters or less",
    "minItems": "must have {} items or more",
    "maxItems": "must have {} items or less",
    "uniqueItems": "must not have an item twice",
    "pattern": "must match the pattern {}",
    "format": "must be a valid {}",
    "minProperties": "must have {} entries or more",
    "const": "must be {}",
}


def right_type(expected: Iterable[str]) -> str:
    """What a value of another type than these must be."""
    words = " or ".join(_TYPES.get(name, str(name)) for name in expected)
    return f"must be {words or 'one of the forms the contract allows'}"


def constraint(keyword: str, expected: Any) -> str:
    """What a value must be that has the right type, and that a keyword of the schema refuses."""
    if keyword == "enum":
        return "must be one of " + ", ".join(str(choice) for choice in expected if choice is not None)
    return _SAYS.get(keyword, f"breaks the rule {keyword!r} of the contract").format(expected)
