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

from terrace.model.contradictions import Problem, contract_problems
from terrace.model.findings import Finding, Severity
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted
from terrace.schemas.contracts import contract_path, contract_schema, model_of, services
from terrace.schemas.locate import locate_field

CODE = "SCH008"
_SCALARS = (str, int, float, bool, type(None), datetime.date)


def problems(root: Path) -> list[Finding]:
    """What is wrong with the contracts themselves (SCH008), at the fields that must change."""
    return [finding for service in services(root) for finding in contract_findings(root, service)]


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
