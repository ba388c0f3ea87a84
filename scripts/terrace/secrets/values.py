"""Secret values as the contract wants them: typed, and what is wrong with one, in words that never show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from terrace.errors import RefusedError
from terrace.model.secret import Secret
from terrace.model.service import Contract
from terrace.model.source import Pointer, dotted
from terrace.model.typed import put
from terrace.model.variants import opened_schema


def check(contracts: Iterable[Contract], values: Mapping[Pointer, object]) -> None:
    """Refuse values (Secrets around them or not) that a contract does not allow. No message shows a value."""
    found = [problem for contract in contracts for problem in problems(contract, values)]
    if found:
        first, *more = dict.fromkeys(found)
        others = "".join(f"\n    {each}" for each in more)
        raise RefusedError(f"{first}{others}", hint="See the contract: terrace explain, or schemas/.")


def problems(contract: Contract, values: Mapping[Pointer, object]) -> Iterator[str]:
    """What a contract finds wrong with secrets, by their places."""
    nested: dict[str, Any] = {}
    for pointer, value in values.items():
        if not pointer or pointer[0] not in contract.sections:
            continue
        plain = value.reveal() if isinstance(value, Secret) else value
        field = contract.field(pointer)
        if plain == "" or plain is None:
            yield f"{dotted(pointer)}: the value is empty"
        elif field is None or not field.secret or any(isinstance(part, int) for part in pointer):
            yield f"{dotted(pointer)} is no secret by the contract of {contract.service}"
        else:
            put(nested, pointer, plain)
    yield from _of_schema(contract, nested)


def _of_schema(contract: Contract, nested: dict[str, Any]) -> Iterator[str]:
    import jsonschema_rs

    validator = jsonschema_rs.validator_for(opened_schema(contract.schema, contract), validate_formats=True)
    # The library's own messages hold the value.
    for error in validator.iter_errors(nested):
        yield from _told(error, tuple(error.instance_path))


def _told(error: Any, pointer: Pointer) -> Iterator[str]:
    keyword, said = error.kind.name, error.kind.as_dict()
    branches = [branch for branch in said.get("context", ()) if branch]
    if keyword in ("anyOf", "oneOf") and branches:
        # The alternative that was meant is the one whose complaints lie deepest.
        for inner in max(branches, key=lambda branch: max(len(each.instance_path) for each in branch)):
            yield from _told(inner, tuple(inner.instance_path))
        return
    limit = next(iter(said.values()), "")
    words = {
        "type": f"it must be of type {' or '.join(said.get('types', ()))}",
        "minLength": f"it must have at least {limit} characters",
        "maxLength": f"it must have at most {limit} characters",
        "minimum": f"it must be at least {limit}",
        "maximum": f"it must be at most {limit}",
        "exclusiveMinimum": f"it must be more than {limit}",
        "exclusiveMaximum": f"it must be less than {limit}",
        "pattern": f"it must match {limit}",
        "format": f"it must be of the format {limit}",
        "enum": "it is none of the values that the contract lists",
        "const": "it is not the one value that the contract allows",
        "additionalProperties": f"the contract has no {', '.join(map(str, said.get('unexpected', ())))}",
    }
    yield f"{dotted(pointer)}: {words.get(keyword, f'it breaks the contract ({keyword})')}"
