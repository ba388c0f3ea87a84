"""What follows from a service's full JSON Schema: the schema for one plain layer file, and for the plain part of a target.

Pure functions from schema to schema, so that every place that needs one derives it the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REFERENCE = r"^ref\+[a-z0-9]+://\S+$"
"""A reference to a secret manager: the safe plain form of a secret, always a whole scalar."""

_CONDITIONAL = frozenset(
    {"required", "minProperties", "dependentRequired", "dependentSchemas", "dependencies", "if", "then", "else", "not"}
)
_NESTED = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf")


def layer_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of one plain layer file: null removes anywhere, nothing is required, a secret is only a reference.

    A list in a layer is the whole list (lists replace), so `minItems` and what an item requires stay.
    """
    return _layer(schema, top=True)


def plain_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The full schema without its secrets: they are merged from secrets files, where plain values never stand."""
    return _plain(schema, schema)


def _layer(schema: Mapping[str, Any], *, top: bool = False) -> dict[str, Any]:
    if schema.get("x-terrace-secret"):
        secret = {key: schema[key] for key in ("title", "description", "x-terrace-secret") if key in schema}
        return {**secret, "type": ["string", "null"], "pattern": REFERENCE}
    relaxed: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _CONDITIONAL:
            continue
        if key in _NESTED and isinstance(value, dict):
            relaxed[key] = {name: _layer(sub) for name, sub in value.items()}
        elif key == "additionalProperties" and isinstance(value, dict):
            relaxed[key] = _layer(value)
        elif key in _LISTS and isinstance(value, list):
            relaxed[key] = [_layer(sub) for sub in value]
        else:
            relaxed[key] = value
    return relaxed if top else _nullable(relaxed)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "type" in schema and "null" not in schema["type"]:
        types = schema["type"]
        schema["type"] = [*([types] if isinstance(types, str) else types), "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if "const" in schema:
        schema["enum"] = [schema.pop("const"), None]
    return schema


def _plain(schema: Any, root: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_plain(item, root) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-terrace-secret"):
        return {"x-terrace-secret": True}
    plain = {key: _plain(value, root) for key, value in schema.items()}
    properties = schema.get("properties")
    if isinstance(schema.get("required"), list) and isinstance(properties, dict):
        plain["required"] = [name for name in schema["required"] if not _is_secret(properties.get(name), root)]
    return plain


def _is_secret(schema: Any, root: Mapping[str, Any]) -> bool:
    """Whether nothing plain has to be set below `schema`: a secret, or a section that requires secrets only."""
    if not isinstance(schema, dict):
        return False
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith("#/$defs/"):
        schema = {**root.get("$defs", {}).get(ref[8:], {}), **schema}
    if schema.get("x-terrace-secret"):
        return True
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    return bool(required) and all(_is_secret(properties.get(name), root) for name in required)
