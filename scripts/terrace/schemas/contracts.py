"""From a contract as its owner wrote it to its whole JSON Schema.

`schemas/<service>.py` defines `class Config(BaseModel)`; `schemas/<service>.schema.json` is the schema itself. Files
whose name begins with `_` are not contracts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from terrace.errors import TerraceError
from terrace.model.service import PREFIX
from terrace.model.variants import Schema
from terrace.schemas.validators import has_validators

CLASS = "Config"
RESERVED = frozenset({"base", "shared", "environment", "tenant"})
_FIRST = ("title", "description", "$ref", "type", "format", "pattern", "enum", "const", "default", "examples")
_LAST = ("required", "properties", "additionalProperties", "items", "allOf", "anyOf", "oneOf", "$defs")


def services(root: Path) -> list[str]:
    """The names of the services that have a contract in `schemas/`, sorted."""
    folder = root / "schemas"
    python = [path.stem for path in folder.glob("*.py")]
    hand_written = [path.name.removesuffix(".schema.json") for path in folder.glob("*.schema.json")]
    names = sorted(name for name in [*python, *hand_written] if not name.startswith("_"))
    for name in names:
        if names.count(name) > 1:
            hint = f"keep schemas/{name}.py or schemas/{name}.schema.json, and delete the other"
            raise TerraceError(f"service '{name}' has two contracts", hint=hint)
        if name in RESERVED:
            raise TerraceError(f"{contract_path(root, name)}: no service can be called '{name}'", hint="rename it")
    return names


def contract_path(root: Path, service: str) -> str:
    """The path of the contract of `service`, relative to the repository."""
    python = f"schemas/{service}.py"
    return python if (root / python).is_file() else f"schemas/{service}.schema.json"


def contract_schema(root: Path, service: str) -> Schema:
    """The whole JSON Schema of a service, in a stable order. Sections of a model refuse unknown keys, asked or not."""
    path = contract_path(root, service)
    if not path.endswith(".py"):
        return _read(root, path)
    model = model_of(root, service)
    try:
        schema = model.model_json_schema(schema_generator=_Generator, mode="validation")
    except PydanticUserError as error:
        hint = "use types that a JSON document can hold; docs/contracts.md lists them"
        raise TerraceError(f"{path}: {CLASS} has no JSON Schema: {error.message}", hint=hint) from error
    ordered = cast("Schema", _ordered(schema))
    return {**ordered, f"{PREFIX}rules": True} if has_validators(model) else ordered


def model_of(root: Path, service: str) -> type[BaseModel]:
    """The pydantic model that is the contract of `service`. Runs the file, under a name of its own."""
    path = contract_path(root, service)
    module = _run(root, path, f"_terrace_contract_{service.replace('-', '_')}")
    model = getattr(module, CLASS, None)
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        hint = f"the contract is the class of that name: class {CLASS}(BaseModel)"
        raise TerraceError(f"{path}:1: no pydantic model named {CLASS}", hint=hint)
    return model


def _run(root: Path, path: str, name: str) -> ModuleType:
    """The module at `path`, run from its source: compiled files beside a contract could be older than it is."""
    file = root / path
    module = ModuleType(name)
    module.__file__ = str(file)
    # While it runs, pydantic looks the module up by name to read annotations that are written as text.
    sys.modules[name] = module
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        # A contract is its owner's code and may raise anything. One that leaves must not end a check as if clean.
        raise _failed(file, path, error) from error
    finally:
        del sys.modules[name]
    return module


def _failed(file: Path, path: str, error: BaseException) -> TerraceError:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    line = error.lineno if isinstance(error, SyntaxError) else (lines or [1])[-1]
    first = (str(error).splitlines() or [""])[0]
    hint = "a contract may import pydantic, terrace.contract and the standard library"
    return TerraceError(f"{path}:{line}: the contract cannot be run: {type(error).__name__}: {first}", hint=hint)


def _read(root: Path, path: str) -> Schema:
    try:
        schema = json.loads((root / path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        hint = "a contract that is not a pydantic model is one JSON Schema, written as JSON"
        line = getattr(error, "lineno", 1)
        raise TerraceError(f"{path}:{line}: not JSON: {error}", hint=hint) from error
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise TerraceError(f"{path}:1: not the schema of an object", hint='it needs "type": "object" and "properties"')
    return schema


class _Generator(GenerateJsonSchema):
    """Pydantic's own schema without titles made from names, and with the defaults that factories make."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def normalize_name(self, name: str) -> str:
        # What a generic model was made for would bring all its constraints into the name. With an id it is no name yet.
        generic = name.partition("[")[0]
        return super().normalize_name(name if ":" in generic else generic)

    def get_default_value(self, schema: Mapping[str, Any]) -> Any:
        factory = schema.get("default_factory")
        if factory is None or schema.get("default_factory_takes_data"):
            return super().get_default_value(cast("Any", schema))
        try:
            return factory()
        except ValidationError:
            # A section with required fields has no default, whatever its field says.
            return super().get_default_value(cast("Any", schema))

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """A section, closed: a key that the model does not know is a mistake, also where the model would ignore it."""
        result = super().model_schema(schema)
        return {**result, "additionalProperties": False} if "additionalProperties" not in result else result


def _ordered(schema: Any, *, named: bool = False) -> Any:
    """`schema` with its keywords in one order; the fields of a section stay in the order of the contract."""
    if isinstance(schema, list):
        return [_ordered(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if named:
        return {name: _ordered(inner) for name, inner in schema.items()}
    result = {}
    for key in sorted(schema, key=_rank):
        value = schema[key]
        plain = key in ("default", "examples", "enum", "const", "required")
        result[key] = value if plain else _ordered(value, named=key in ("properties", "$defs", "patternProperties"))
    return result


def _rank(key: str) -> tuple[int, int, str]:
    if key in _FIRST:
        return 0, _FIRST.index(key), key
    return (2, _LAST.index(key), key) if key in _LAST else (1, 0, key)
