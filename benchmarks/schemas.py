"""The JSON Schemas of the generated repository, in the layout the product commits them in."""

import copy
from typing import Any

from benchmarks.app.contract import App

_ONLY_WHOLE = ("required", "minItems", "minProperties", "if", "then", "else", "dependentRequired")


def full_schema() -> dict[str, Any]:
    """The schema of an effective configuration."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **App.model_json_schema()}


def layer_schema(full: dict[str, Any]) -> dict[str, Any]:
    """The schema of one layer: nothing is required, and null removes whatever is inherited."""
    schema = copy.deepcopy(full)
    for part in [schema, *schema.get("$defs", {}).values()]:
        _relax(part)
    return schema


def _relax(schema: dict[str, Any]) -> None:
    for keyword in _ONLY_WHOLE:
        schema.pop(keyword, None)
    properties = schema.get("properties", {})
    for name, inner in properties.items():
        _relax(inner)
        properties[name] = {"anyOf": [inner, {"type": "null"}]}
