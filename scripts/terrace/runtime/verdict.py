"""The application's own model over a slice's values: a typed object, or all that is wrong and where it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from terrace.contract import PREFIX
from terrace.errors import ConfigError, Problem
from terrace.model.layers import leaves
from terrace.model.secret import HIDDEN, Secret
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted

if TYPE_CHECKING:
    from collections.abc import Sequence

M = TypeVar("M", bound=BaseModel)
_SHORTEST = 4


class Built(NamedTuple, Generic[M]):
    """The object, and the keys that a newer contract has and this application does not know: they were left out."""

    config: M
    unknown: tuple[Pointer, ...]


def built(
    model: type[M],
    values: dict[str, Any],
    contract: Contract,
    origin: Callable[[Pointer], str],
    *,
    unopened: Sequence[Problem] = (),
) -> Built[M]:
    """The model's object for `values`, in which secrets are `Secret`. Raises `ConfigError` with all that is wrong.

    `origin` says where a value was set. `unopened` are problems with secrets: what the model misses for them is not
    said a second time.
    """
    unknown: list[Pointer] = []
    while True:
        error = _try(model, values, unopened)
        if not isinstance(error, ValidationError):
            return Built(error, tuple(unknown))
        newer = list(_newer(error, values, contract))
        if not newer:
            break
        unknown += newer
        for pointer in newer:
            values = _without(values, pointer)
    raise ConfigError("", [*unopened, *_problems(error, model, values, contract, origin, bool(unopened))])


def _try(model: type[M], values: dict[str, Any], unopened: Sequence[Problem]) -> M | ValidationError:
    try:
        config = model.model_validate_json(orjson.dumps(values, default=revealed))
    except ValidationError as error:
        return error
    except TypeError as error:
        raise ConfigError("", [*unopened, *_not_text(values)]) from error
    if unopened:
        raise ConfigError("", unopened)
    return config


def version_of(model: type[BaseModel]) -> str:
    """The version of the contract that a model is; empty where it does not say."""
    extra = model.model_config.get("json_schema_extra")
    return str(extra.get(PREFIX + "version", "")) if isinstance(extra, dict) else ""


def thawed(value: Any, path: str = "") -> Iterator[str]:
    """The sections of an object that could be changed, for their models are not frozen."""
    if isinstance(value, BaseModel):
        if not value.model_config.get("frozen"):
            yield path or type(value).__name__
        for name in type(value).model_fields:
            yield from thawed(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from thawed(inner, path)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from thawed(inner, path)


def _newer(error: ValidationError, values: Mapping[str, Any], contract: Contract) -> Iterator[Pointer]:
    """The keys that the model refuses and the bundle's contract knows, if these are among what is wrong."""
    for entry in error.errors(include_url=False, include_input=False, include_context=False):
        if entry["type"] == "extra_forbidden":
            pointer = _pointer(entry["loc"], values)
            if contract.field(pointer) is not None:
                yield pointer


def _problems(
    error: ValidationError,
    model: type[BaseModel],
    values: Mapping[str, Any],
    contract: Contract,
    origin: Callable[[Pointer], str],
    unopened: bool,
) -> Iterator[Problem]:
    ours, theirs = version_of(model) or "without a version", contract.version or "without a version"
    secrets = _secret_texts(values)
    for entry in error.errors(include_url=False, include_input=False, include_context=False):
        pointer = _pointer(entry["loc"], values)
        field = contract.field(pointer)
        if unopened and (entry["type"] == "missing" and field is not None and field.secret):
            continue
        message = entry["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if entry["type"] == "missing":
            message = f"nothing sets it, and this application requires it (contract {ours}; the bundle's is {theirs})"
        elif entry["type"] == "extra_forbidden":
            message = f"this application's contract ({ours}) does not know it, nor does the bundle's ({theirs})"
        for text in secrets:
            message = message.replace(text, HIDDEN)
        yield Problem(dotted(pointer), message, origin(pointer))


def _pointer(location: tuple[str | int, ...], values: Any) -> Pointer:
    """The place in `values` of an error: the names of alternatives, which pydantic puts between, are left out."""
    pointer: list[str | int] = []
    for index, part in enumerate(location):
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            if index < len(location) - 1 or not isinstance(values, dict):
                continue
        pointer.append(part)
    return tuple(pointer)


def revealed(value: Any) -> Any:
    """What a `Secret` hides, for `orjson.dumps(..., default=revealed)`. The bytes go to the model, and nowhere else."""
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _not_text(values: dict[str, Any]) -> Iterator[Problem]:
    for pointer, value in leaves(values):
        if isinstance(value, Secret) and isinstance(value.reveal(), bytes):
            yield Problem(dotted(pointer), "the secret is binary: a contract's values are text, numbers or switches")


def _secret_texts(values: Mapping[str, Any]) -> list[str]:
    """The secrets as they could stand in a validator's own message, the longest first."""
    revealed = [str(value.reveal()) for _, value in leaves(values) if isinstance(value, Secret)]
    return sorted({text for text in revealed if len(text) >= _SHORTEST}, key=len, reverse=True)


def _without(values: dict[str, Any], pointer: Pointer) -> dict[str, Any]:
    key, *rest = pointer
    copied: Any = dict(values) if isinstance(values, dict) else list(values)
    if rest:
        copied[key] = _without(copied[key], tuple(rest))
    else:
        del copied[key]
    found: dict[str, Any] = copied
    return found
