"""JSON Schemas, compiled, and what they find wrong, told in our own words and at our own places."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from terrace.model.service import Contract
from terrace.model.source import Pointer
from terrace.model.variants import layer_schema, plain_schema


class Problem(NamedTuple):
    """One thing a schema found wrong, without the place in a file (see `rule.SchemaProblem`)."""

    keyword: str
    message: str
    pointer: Pointer
    value: Any
    expected: Any
    name: str = ""
    known: tuple[str, ...] = ()


class Compiled:
    """A JSON Schema compiled by jsonschema-rs, on first use."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    @cached_property
    def _validator(self) -> Any:
        import jsonschema_rs

        return jsonschema_rs.validator_for(self.schema, validate_formats=True)

    def problems(self, value: Any) -> Iterator[Problem]:
        """Everything wrong with `value`; nothing is said twice."""
        if self._validator.is_valid(value):
            return
        for error in self._validator.iter_errors(value):
            yield from _problems(error)


class Schemas:
    """The schemas of one contract: for single plain files, and for the plain part of effective configs."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.effective = Compiled(plain_schema(contract.schema, contract))
        self._layer = layer_schema(contract.schema, contract)
        self.layer = Compiled(self._layer)
        self._sections: dict[str, Compiled] = {}

    @cached_property
    def judges_by_parts(self) -> bool:
        """Whether a valid config with valid values laid over it, none of them null and no section new, is valid too.

        So it is unless the contract asks for one thing where another is set: then only the whole can be judged.
        """
        return not _looks_at_the_whole(self.effective.schema)

    def section(self, name: str) -> Compiled:
        """The schema for one section of a `shared.yaml`."""
        if name not in self._sections:
            properties = {name: self._layer["properties"][name]}
            self._sections[name] = Compiled({**self._layer, "properties": properties})
        return self._sections[name]


@lru_cache(maxsize=64)
def schemas_of(contract: Contract) -> Schemas:
    """The schemas of a contract; what was compiled once serves whoever judges by that contract again."""
    return Schemas(contract)


_OF_THE_WHOLE = frozenset({
    "if", "not", "oneOf", "minProperties", "maxProperties", "propertyNames", "patternProperties", "$ref",
    "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
})  # fmt: skip


def _looks_at_the_whole(schema: Any) -> bool:
    """Whether a keyword of a schema, or of one of its sections, ties one value to another. Lists are judged whole."""
    if not isinstance(schema, dict):
        return False
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    additional = schema.get("additionalProperties")
    if not _OF_THE_WHOLE.isdisjoint(schema) or len(choices) > 1:
        return True
    if isinstance(additional, dict) and additional.get("type") not in ("string", "integer", "number", "boolean"):
        return True
    below = [*schema.get("properties", {}).values(), *choices, *schema.get("allOf", ())]
    return any(_looks_at_the_whole(each) for each in below)


def _problems(error: Any) -> Iterator[Problem]:
    kind = error.kind
    keyword: str = kind.name
    pointer: Pointer = tuple(error.instance_path)
    said = kind.as_dict()
    if keyword in ("anyOf", "oneOf") and said.get("context"):
        yield from _closest(error, said["context"], pointer)
    elif keyword in ("additionalProperties", "unevaluatedProperties"):
        for name in said["unexpected"]:
            yield Problem("additionalProperties", error.message, pointer, None, None, name)
    elif keyword == "required":
        yield Problem(keyword, error.message, pointer, None, None, said["property"])
    elif keyword == "propertyNames":
        inner = said["error"]
        expected = next(iter(inner.kind.as_dict().values()), None)
        yield Problem(inner.kind.name, inner.message, (*pointer, inner.instance), None, expected)
    else:
        expected = next(iter(said.values()), None)
        yield Problem(keyword, error.message, pointer, kind.value if hasattr(kind, "value") else None, expected)


def _closest(error: Any, branches: list[list[Any]], pointer: Pointer) -> Iterator[Problem]:
    """The problems of the alternative that was meant: the one whose complaints lie deepest, `null` never being it."""

    def wrong_type(branch: list[Any]) -> bool:
        return any(len(inner.instance_path) == len(pointer) and inner.kind.name == "type" for inner in branch)

    meant = [branch for branch in branches if not wrong_type(branch)]
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _problems(inner)
        return
    types = [
        inner.kind.as_dict().get("types", []) for branch in branches for inner in branch if inner.kind.name == "type"
    ]
    expected = sorted({name for names in types for name in names} - {"null"})
    yield Problem("type" if expected and not meant else "anyOf", error.message, pointer, None, expected)
