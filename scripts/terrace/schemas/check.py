"""What is wrong with a contract itself (SCH008), before any configuration is looked at."""

from __future__ import annotations

import datetime
import enum
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from terrace.model.findings import Finding, Severity
from terrace.model.service import PREFIX, Contract, Field
from terrace.model.source import Pointer, dotted
from terrace.schemas.contracts import contract_path, contract_schema, model_of
from terrace.schemas.locate import locate_field

CODE = "SCH008"
Problem = tuple[Pointer, str, str]
"""A place in the configuration, what is wrong with what the contract says of it, and what to do."""

_KINDS = frozenset({"development", "test", "staging", "production"})
_LAYERS = frozenset({"environment", "group", "tenant"})
_THINGS = frozenset({"host", "url", "email", "bucket", "account", "key_id"})
_LISTS = {"set-by": _LAYERS, "required-in": _KINDS}
_WORDS = {"identifies": _THINGS, "tenancy": frozenset({"none", "pooled", "dedicated"})}
_FLAGS = frozenset({"secret", "must-differ", "live"})
_TEXTS = frozenset({"env-var", "unit", "owner", "since", "deprecated-by", "version"})
_SCALARS = (str, int, float, bool, type(None), datetime.date)


def contract_findings(root: Path, service: str) -> list[Finding]:
    """The findings about the contract of one service, each at the field that must change."""
    schema = contract_schema(root, service)
    found = list(contract_problems(Contract(service, schema)))
    if contract_path(root, service).endswith(".py"):
        found += _rewriting_types(model_of(root, service), ())
    return [
        Finding(CODE, Severity.ERROR, message, locate_field(root, service, pointer), pointer, hint)
        for pointer, message, hint in dict.fromkeys(found)
    ]


def contract_problems(contract: Contract) -> Iterator[Problem]:
    """Every place where the schema of a service contradicts what Terrace promises of all services."""
    if f"{PREFIX}tenancy" not in contract.schema:
        hint = "add json_schema_extra=service(tenancy=...), or x-terrace-tenancy to a JSON Schema"
        yield (), "the contract does not say whether the service is pooled or dedicated to a tenant", hint
    if "sops" in contract.root.properties:
        yield ("sops",), "a section cannot be called 'sops': SOPS keeps its own notes there", "rename the section"
    for field, in_list in _fields(contract.root, in_list=False):
        yield from _markers(contract, field)
        yield from _null(field)
        yield from _secret(field, in_list=in_list)
        yield from _open(field)


def _fields(field: Field, *, in_list: bool) -> Iterator[tuple[Field, bool]]:
    yield field, in_list
    below = [*field.properties.values(), *([field.additional] if field.additional else []), *field.alternatives]
    for child in below:
        yield from _fields(child, in_list=in_list)
    if field.items is not None:
        yield from _fields(field.items, in_list=True)


def _markers(contract: Contract, field: Field) -> Iterator[Problem]:
    name = dotted(field.pointer)
    for keyword, value in field.schema.items():
        word = keyword.removeprefix(PREFIX)
        if word == keyword:
            continue
        allowed = _LISTS.get(word) or _WORDS.get(word)
        if word in _LISTS:
            fits = (
                isinstance(value, list) and all(isinstance(item, str) for item in value) and set(value) <= _LISTS[word]
            )
        elif word in _WORDS:
            fits = value in _WORDS[word]
        else:
            fits = value is True if word in _FLAGS else word in _TEXTS and isinstance(value, str)
        if not fits:
            known = ", ".join(sorted(allowed)) if allowed else "docs/contracts.md lists the keywords"
            yield field.pointer, f"{keyword} of '{name}' cannot be {value!r}", f"known here: {known}"
    if field.deprecated_by and contract.field(_parts(field.deprecated_by)) is None:
        message = f"'{name}' is deprecated by '{field.deprecated_by}', which the contract does not have"
        yield field.pointer, message, "name the new field by its dotted path from the top"


def _null(field: Field) -> Iterator[Problem]:
    named = field.pointer and field.pointer[-1] not in ("*", 0)
    if field.nullable and named and not (field.has_default and field.default is None):
        message = f"'{dotted(field.pointer)}' allows null but does not default to it, so no file could set it to null"
        yield field.pointer, message, "make null the default, or do not allow it"


def _secret(field: Field, *, in_list: bool) -> Iterator[Problem]:
    if not field.secret:
        return
    name = dotted(field.pointer)
    if in_list:
        yield (
            field.pointer,
            f"'{name}' is a secret inside a list: lists are set whole, in plain files",
            "use a keyed map",
        )
    if field.default is not None:
        yield (
            field.pointer,
            f"'{name}' is a secret with a default, which everybody can read",
            "default to null or to nothing",
        )
    if field.schema.get("examples"):
        yield field.pointer, f"'{name}' is a secret with an example", "say in the description what it looks like"


def _open(field: Field) -> Iterator[Problem]:
    name = dotted(field.pointer) or "the contract"
    if "patternProperties" in field.schema:
        hint = 'give "additionalProperties" one schema, and "propertyNames" the pattern'
        yield field.pointer, f"'{name}' has patternProperties, whose markers would not be read", hint
    closed = False in (field.schema.get("additionalProperties"), field.schema.get("unevaluatedProperties"))
    if field.properties and field.additional is None and not closed:
        hint = 'extra="forbid" in a model, "additionalProperties": false in a JSON Schema'
        yield field.pointer, f"'{name}' allows keys that it does not name: a typing error would pass", hint


def _rewriting_types(model: type[BaseModel], pointer: Pointer, seen: tuple[type, ...] = ()) -> Iterator[Problem]:
    """Fields whose type changes what was written: the application would read another value than the bundle holds."""
    for name, info in model.model_fields.items():
        here = (*pointer, name)
        if info.alias or info.validation_alias:
            yield here, f"'{dotted(here)}' has an alias: a field has one name", "rename the field"
        for kind in _leaf_types(info.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                if kind not in seen:
                    yield from _rewriting_types(kind, here, (*seen, kind))
            elif kind is SecretStr:
                if not any(getattr(marker, "keyword", "") == "secret" for marker in info.metadata):
                    yield here, f"'{dotted(here)}' is a SecretStr that is not marked as a secret", "add Secret()"
            elif not (kind in _SCALARS or (isinstance(kind, type) and issubclass(kind, enum.Enum))):
                message = f"the type {_named(kind)} of '{dotted(here)}' does not keep the value as it was written"
                yield here, message, "use str with a pattern; docs/contracts.md lists the types"


def _leaf_types(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        yield from _leaf_types(typing.get_args(annotation)[0])
    elif origin is typing.Literal:
        return
    elif origin in (typing.Union, types.UnionType, list, tuple, dict):
        for inner in typing.get_args(annotation):
            if inner is not Ellipsis:
                yield from _leaf_types(inner)
    elif annotation is not Any:
        yield annotation


def _named(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def _parts(path: str) -> Pointer:
    return tuple(path.split("."))
