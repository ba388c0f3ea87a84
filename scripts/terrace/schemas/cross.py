"""A contract's rules across fields, as a check on the plain values of a target.

No key is at hand when a repository is checked, so each secret is stood in for by a placeholder that its constraints
allow; what the model says of a placeholder is not repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from terrace.errors import TerraceError
from terrace.model.reference import is_reference
from terrace.model.service import Contract, Field
from terrace.model.source import Pointer, dotted
from terrace.schemas.contracts import contract_path, contract_schema, model_of
from terrace.schemas.validators import has_own_validators, has_validators, models_in

_REMEMBERED = 10_000

CrossCheck = Callable[[dict[str, Any]], list[tuple[Pointer, str]]]


def cross_check(root: Path, service: str) -> CrossCheck | None:
    """What the model of a service finds wrong with values that suit its JSON Schema, as (place, message).

    None for a service without rules of its own: a contract in JSON, or a model without validators. Only the parts of
    the model that have validators are run, and a section that many targets share is run once.
    """
    path = contract_path(root, service)
    if not path.endswith(".py") or "alidator" not in (root / path).read_text(encoding="utf-8", errors="replace"):
        return None
    parts = list(_parts(model_of(root, service), ()))
    if not parts:
        return None
    contract = Contract(service, contract_schema(root, service))
    checks = [_Part(contract, pointer, model) for pointer, model in parts]
    return lambda values: [said for part in checks for said in part.check(values)]


class _Part:
    """One section whose model has rules of its own."""

    def __init__(self, contract: Contract, pointer: Pointer, model: type[BaseModel]) -> None:
        self._contract = contract
        self._pointer = pointer
        self._model = model
        self._field = contract.field(pointer)
        self._known: dict[int, tuple[Any, list[tuple[Pointer, str]]]] = {}

    def check(self, values: Any) -> list[tuple[Pointer, str]]:
        for part in self._pointer:
            values = values.get(part) if isinstance(values, dict) else None
        if values is None or self._field is None:
            return []
        known = self._known.get(id(values))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            # The values are kept with the answer, so that no other object can come to have their id.
            known = self._known[id(values)] = values, self._run(self._field, values)
        return known[1]

    def _run(self, field: Field, values: Any) -> list[tuple[Pointer, str]]:
        try:
            self._model.model_validate_json(_json(_with_placeholders(field, values)))
        except ValidationError as error:
            return list(_said(error, self._contract, self._pointer))
        except (Exception, SystemExit) as error:
            # A validator is its owner's code and may raise anything.
            where = dotted(self._pointer) or "the whole"
            hint = "a validator says what is wrong with ValueError"
            message = f"schemas/{self._contract.service}.py: a validator of {where} failed: {type(error).__name__}"
            raise TerraceError(message, hint=hint) from error
        return []


def _parts(model: type[BaseModel], pointer: Pointer) -> Iterator[tuple[Pointer, type[BaseModel]]]:
    """The smallest sections that hold all validators of a model."""
    if has_own_validators(model):
        yield pointer, model
        return
    inner = [(name, field.annotation, list(models_in(field.annotation))) for name, field in model.model_fields.items()]
    if any(
        has_validators(found) for _, kind, models in inner if len(models) > 1 or kind not in models for found in models
    ):
        yield pointer, model
        return
    for name, _, models in inner:
        for found in models:
            yield from _parts(found, (*pointer, name))


def _json(values: Any) -> bytes:
    import orjson

    return orjson.dumps(values)


def _said(error: ValidationError, contract: Contract, start: Pointer) -> Iterator[tuple[Pointer, str]]:
    for entry in error.errors(include_url=False, include_input=False, include_context=False):
        pointer = (*start, *(part for part in entry["loc"] if isinstance(part, str | int)))
        field = contract.field(pointer)
        if field is not None and not field.secret:
            yield pointer, entry["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _with_placeholders(field: Field, values: Any) -> Any:
    """`values` with a placeholder for every secret that is not there; a reference is as good as one."""
    if not isinstance(values, dict):
        return values
    filled = dict(values)
    for name, child in field.properties.items():
        if child.secret and (name not in filled or filled[name] is None or is_reference(filled[name])):
            if name in field.required or not child.has_default:
                filled[name] = _placeholder(child)
        elif name in filled:
            filled[name] = _with_placeholders(child, filled[name])
        elif child.properties and name in field.required:
            filled[name] = _with_placeholders(child, {})
    return filled


def _placeholder(field: Field) -> Any:
    if field.schema.get("examples"):
        return field.schema["examples"][0]
    if field.types & {"integer", "number"}:
        return field.schema.get("minimum", 1)
    if "boolean" in field.types:
        return False
    return "x" * max(int(field.schema.get("minLength", 0)), min(int(field.schema.get("maxLength", 32)), 32))
