"""The sections of a contract's model that have rules of their own, and what these say of values."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError

from terrace.errors import TerraceError
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted
from terrace.schemas.validators import has_own_validators, has_validators, models_in


def sections(model: type[BaseModel], pointer: Pointer = ()) -> Iterator[tuple[Pointer, type[BaseModel]]]:
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
            yield from sections(found, (*pointer, name))


def ask(model: type[BaseModel], data: bytes, contract: Contract, pointer: Pointer) -> list[tuple[Pointer, str]]:
    """What the model of the section at `pointer` finds wrong with `data`, its values as JSON."""
    try:
        model.model_validate_json(data)
    except ValidationError as error:
        return list(_said(error, contract, pointer))
    except (Exception, SystemExit) as error:
        # A validator is its owner's code and may raise anything.
        where = dotted(pointer) or "the whole"
        hint = "a validator says what is wrong with ValueError"
        message = f"schemas/{contract.service}.py: a validator of {where} failed: {type(error).__name__}"
        raise TerraceError(message, hint=hint) from error
    return []


def _said(error: ValidationError, contract: Contract, start: Pointer) -> Iterator[tuple[Pointer, str]]:
    for entry in error.errors(include_url=False, include_input=False, include_context=False):
        pointer = (*start, *(part for part in entry["loc"] if isinstance(part, str | int)))
        field = contract.field(pointer)
        if field is not None and not field.secret:
            yield pointer, entry["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
