"""A contract's rules across fields, as a check on the plain values of a target.

No key is at hand when a repository is checked, so each secret is stood in for by a placeholder that its constraints
allow; what the model says of a placeholder is not repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from terrace.model.service import Contract, Field
from terrace.model.source import Pointer
from terrace.schemas.contracts import contract_path, contract_schema, model_of

CrossCheck = Callable[[dict[str, Any]], list[tuple[Pointer, str]]]


def cross_check(root: Path, service: str) -> CrossCheck | None:
    """What the model of a service finds wrong with values that suit its JSON Schema, as (place, message).

    None for a service without rules of its own: a contract in JSON, or a model without validators.
    """
    path = contract_path(root, service)
    if not path.endswith(".py") or "alidator" not in (root / path).read_text(encoding="utf-8", errors="replace"):
        return None
    model = model_of(root, service)
    contract = Contract(service, contract_schema(root, service))

    def check(values: dict[str, Any]) -> list[tuple[Pointer, str]]:
        try:
            model.model_validate_json(_json(_with_placeholders(contract.root, values)))
        except ValidationError as error:
            return list(_said(error, contract))
        return []

    return check


def _json(values: Any) -> bytes:
    import orjson

    return orjson.dumps(values)


def _said(error: ValidationError, contract: Contract) -> Iterator[tuple[Pointer, str]]:
    for entry in error.errors(include_url=False, include_input=False, include_context=False):
        pointer = tuple(part for part in entry["loc"] if isinstance(part, str | int))
        field = contract.field(pointer)
        if field is not None and not field.secret:
            yield pointer, entry["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _with_placeholders(field: Field, values: Any) -> Any:
    """`values` with a placeholder for every secret that is not there; a reference is as good as one."""
    if not isinstance(values, dict):
        return values
    filled = dict(values)
    for name, child in field.properties.items():
        if child.secret and (name not in filled or filled[name] is None or _is_reference(filled[name])):
            if name in field.required or not child.has_default:
                filled[name] = _placeholder(child)
        elif name in filled:
            filled[name] = _with_placeholders(child, filled[name])
        elif child.properties and name in field.required:
            filled[name] = _with_placeholders(child, {})
    return filled


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("ref+")


def _placeholder(field: Field) -> Any:
    if field.schema.get("examples"):
        return field.schema["examples"][0]
    if field.types & {"integer", "number"}:
        return field.schema.get("minimum", 1)
    if "boolean" in field.types:
        return False
    return "x" * max(int(field.schema.get("minLength", 0)), min(int(field.schema.get("maxLength", 32)), 32))
