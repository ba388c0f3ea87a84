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
    read = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("flags", "targeting")}
    known = [(schema["$id"], schema) for schema in read.values()]
    return jsonschema_rs.Draft7Validator(read["flags"], registry=jsonschema_rs.Registry(known))
