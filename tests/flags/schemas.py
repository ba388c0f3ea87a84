"""flagd's own JSON Schemas, from the shared test data."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from tests.data import shared


def problems(definition: Any) -> list[str]:
    """What flagd's schema for providers has against `definition`."""
    return [f"{error.instance_path}: {error.message}" for error in _validator().iter_errors(definition)]


@cache
def _validator() -> Any:
    folder = shared("flags", "flagd-schemas")
    read = [json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("flags", "targeting")]
    known = jsonschema_rs.Registry([(schema["$id"], schema) for schema in read])
    return jsonschema_rs.Draft7Validator({"$ref": read[0]["$id"]}, registry=known)
