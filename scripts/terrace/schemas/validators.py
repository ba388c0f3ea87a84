"""Which models have rules of their own, beyond what a type or a constraint says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, PlainValidator, WrapValidator


def has_own_validators(model: type[BaseModel]) -> bool:
    decorators = model.__pydantic_decorators__
    own = (decorators.model_validators, decorators.field_validators, decorators.validators, decorators.root_validators)
    functional = (AfterValidator, BeforeValidator, PlainValidator, WrapValidator)
    in_fields = any(isinstance(mark, functional) for field in model.model_fields.values() for mark in field.metadata)
    return any(own) or in_fields


def has_validators(model: type[BaseModel], seen: frozenset[type] = frozenset()) -> bool:
    if model in seen:
        return False
    if has_own_validators(model):
        return True
    inner = (found for field in model.model_fields.values() for found in models_in(field.annotation))
    return any(has_validators(found, seen | {model}) for found in inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's type is made of: `Cache` of `Cache | None`, `Queue` of `dict[str, Queue]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
