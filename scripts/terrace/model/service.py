"""A service and its contract as data: the JSON Schema with its `x-terrace-*` keywords, read into fields."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from terrace.model.source import Document, Pointer

PREFIX = "x-terrace-"
EVERYONE = frozenset({"environment", "group", "tenant"})
MARKERS = ("secret", "required_in", "must_differ", "identifies", "deprecated_by")
"""The markers that single rules look for; all other fields are nothing to them."""


class Field:
    """What the contract says of one place in a service's configuration: a section, a map, a list or a value."""

    def __init__(self, pointer: Pointer, schema: dict[str, Any], *, nullable: bool, parent: Field | None) -> None:
        def marker(name: str, inherited: Any) -> Any:
            # What has the wrong type is reported by SCH008, and counts as not said here.
            found = schema.get(PREFIX + name, inherited)
            return found if isinstance(found, type(inherited)) else inherited

        def names(name: str, inherited: frozenset[str]) -> frozenset[str]:
            found = schema.get(PREFIX + name)
            return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else inherited

        types = schema.get("type", ())
        self.pointer = pointer
        self.schema = schema
        self.nullable = nullable or "null" in types
        self.types: frozenset[str] = frozenset([types] if isinstance(types, str) else types) - {"null"}
        self.has_default = "default" in schema
        self.default = schema.get("default")
        self.description: str = schema.get("description", "")
        self.required: frozenset[str] = frozenset(schema.get("required", ()))
        self.properties: dict[str, Field] = {}
        self.additional: Field | None = None
        self.items: Field | None = None
        self.alternatives: tuple[Field, ...] = ()
        # Said in whatever way, a secret is one.
        self.secret: bool = bool(schema.get(PREFIX + "secret", parent.secret if parent else False))
        self.set_by: frozenset[str] = names("set-by", parent.set_by if parent else EVERYONE)
        self.env_var: str = marker("env-var", "")
        self.required_in: frozenset[str] = names("required-in", frozenset())
        self.must_differ: bool = marker("must-differ", False)
        self.identifies: str = marker("identifies", "")
        self.live: bool = marker("live", parent.live if parent else False)
        self.unit: str = marker("unit", "")
        self.owner: str = marker("owner", parent.owner if parent else "")
        self.since: str = marker("since", parent.since if parent else "")
        self.deprecated_by: str = marker("deprecated-by", "")
        # Of the field and everything below it, so that who looks for the rare case can pass by the rest.
        self.closed_to: frozenset[str] = EVERYONE - self.set_by
        self.markers: frozenset[str] = frozenset(name for name in MARKERS if getattr(self, name))

    def __repr__(self) -> str:
        return f"Field({self.pointer!r})"

    @cached_property
    def is_section(self) -> bool:
        """Whether it holds named fields or a map of them, rather than one value."""
        return bool(self.properties) or self.additional is not None

    @cached_property
    def fillable(self) -> tuple[tuple[str, Field], ...]:
        """The named fields below in which defaults may have to be written out."""
        return tuple(
            (name, field)
            for name, field in self.properties.items()
            if field.has_default or field.is_section or field.items is not None
        )

    def child(self, part: str | int) -> Field | None:
        """The field one step below, or None where the contract says nothing of it."""
        if isinstance(part, int):
            found = self.items
        else:
            found = self.properties.get(part, self.additional)
        if found is None:
            for alternative in self.alternatives:
                found = found or alternative.child(part)
        return found

    def inside(self) -> Iterator[Field]:
        """What the contract knows directly below: named fields, the entries of a map, the items of a list."""
        yield from self.properties.values()
        yield from (field for field in (self.additional, self.items) if field is not None)
        yield from self.alternatives

    def walk(self) -> Iterator[Field]:
        """This field and every named field below it, in the order of the contract."""
        yield self
        for field in self.properties.values():
            yield from field.walk()


class Contract:
    """The contract of one service, as its committed JSON Schema states it."""

    def __init__(
        self, service: str, schema: dict[str, Any], *, path: str = "", document: Document | None = None
    ) -> None:
        self.service = service
        self.schema = schema
        self.path = path
        self.document = document
        self.root = _read(schema, (), schema, None, ())
        self.required_secrets = tuple(_required_secrets(self.root))

    @property
    def tenancy(self) -> str:
        """`none`, `pooled` (one process serves all tenants) or `dedicated` (a process per tenant)."""
        return str(self.schema.get(PREFIX + "tenancy", "none"))

    @property
    def has_rules(self) -> bool:
        """Whether the contract has rules across fields, which only its own Python can judge."""
        return bool(self.schema.get(PREFIX + "rules"))

    @property
    def version(self) -> str:
        """The contract's own version, as its owners count it."""
        return str(self.schema.get(PREFIX + "version", ""))

    @property
    def sections(self) -> frozenset[str]:
        """The names at the top: a section of `shared.yaml` reaches the service only if it stands here."""
        return frozenset(self.root.properties)

    @cached_property
    def defaults_agree(self) -> bool:
        """Whether each section's own default says the same as the defaults of the fields in it."""
        return _defaults_agree(self.root)

    def field(self, pointer: Pointer) -> Field | None:
        """What the contract says of the place at `pointer`, or None."""
        field: Field | None = self.root
        for part in pointer:
            if field is None:
                return None
            field = field.child(part)
        return field

    def fill(self, values: Any, like: tuple[Any, Any] = (None, None)) -> Any:
        """`values` with the schema's defaults written out where nothing is set; `values` itself is not changed.

        `like` are values that were filled before, and what they were filled to: parts that are shared are shared again.
        """
        return _fill(self.root, values, *like)

    def markers(self, values: Any) -> frozenset[str]:
        """The markers of fields that `values` set, remove or replace, at or below the place where they do."""
        found: set[str] = set()
        _note_markers(self.root, values, found)
        return frozenset(found)

    def ordered(self, values: Any) -> Any:
        """`values` with the keys of each section in the order of the contract; other keys follow, as they were."""
        return _ordered(self.root, values)

    def env_var(self, field: Field) -> str:
        """The environment variable of a field: the one its contract names, else the derived one."""
        return field.env_var or self.derived_variable(field.pointer)

    def derived_variable(self, pointer: Pointer) -> str:
        """The variable of a place that the contract names none for: `BACKEND__DATABASE__POOL_SIZE`."""
        return "__".join([self.service, *map(str, pointer)]).upper().replace("-", "_")


def _read(
    schema: dict[str, Any], pointer: Pointer, root: dict[str, Any], parent: Field | None, seen: tuple[str, ...]
) -> Field:
    schema, nullable, seen, others = _resolve(schema, root, seen)
    field = Field(pointer, schema, nullable=nullable, parent=parent)
    for name, sub in schema.get("properties", {}).items():
        field.properties[name] = _read(sub, (*pointer, name), root, field, seen)
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        field.additional = _read(additional, (*pointer, "*"), root, field, seen)
    items = schema.get("items")
    if isinstance(items, dict):
        field.items = _read(items, (*pointer, 0), root, field, seen)
    field.alternatives = tuple(_read(other, pointer, root, parent, seen) for other in others)
    for inner in field.inside():
        field.closed_to |= inner.closed_to
        field.markers |= inner.markers
    return field


def _required_secrets(field: Field) -> Iterator[Pointer]:
    """The secrets that the contract requires, each wherever the section is there that it stands in."""
    for name, child in field.properties.items():
        if child.secret and not child.is_section:
            if name in field.required:
                yield child.pointer
        else:
            yield from _required_secrets(child)


def _resolve(
    schema: dict[str, Any], root: dict[str, Any], seen: tuple[str, ...]
) -> tuple[dict[str, Any], bool, tuple[str, ...], list[dict[str, Any]]]:
    """Follow `$ref`, a lone `allOf` and `X or null`: (the schema, nullable, refs followed, other alternatives)."""
    nullable = False
    while True:
        ref = schema.get("$ref")
        choices = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(ref, str):
            if ref in seen or not ref.startswith("#/"):
                return {k: v for k, v in schema.items() if k != "$ref"}, nullable, seen, []
            seen = (*seen, ref)
            found: Any = root
            for part in ref[2:].split("/"):
                found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
            schema = {**found, **{k: v for k, v in schema.items() if k != "$ref"}}
        elif isinstance(schema.get("allOf"), list) and len(schema["allOf"]) == 1:
            schema = {**schema["allOf"][0], **{k: v for k, v in schema.items() if k != "allOf"}}
        elif isinstance(choices, list) and choices:
            rest = [choice for choice in choices if choice.get("type") != "null"]
            nullable = nullable or len(rest) < len(choices)
            outer = {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")}
            if len(rest) != 1:
                return outer, nullable, seen, rest
            schema = {**rest[0], **outer}
        else:
            return schema, nullable, seen, []


def _fill(field: Field, value: Any, known: Any = None, known_filled: Any = None) -> Any:
    if value is known and known is not None:
        return known_filled
    if isinstance(value, list):
        if field.items is None or not field.items.is_section:
            return value
        return [_fill(field.items, item) for item in value]
    if not isinstance(value, dict) or not field.is_section:
        return value
    known, known_filled = (known, known_filled) if isinstance(known, dict) else ({}, {})
    filled = dict(value)
    for name, child in field.fillable:
        if name in value:
            if name in known:
                filled[name] = _fill(child, value[name], known[name], known_filled[name])
            else:
                filled[name] = _fill(child, value[name])
        elif child.has_default:
            filled[name] = _fill(child, child.default)
        elif child.properties and not child.nullable:
            inner = _fill(child, {})
            if inner:
                filled[name] = inner
    if field.additional is not None and field.additional.is_section:
        for name in value.keys() - field.properties.keys():
            filled[name] = _fill(field.additional, value[name], known.get(name), (known_filled or {}).get(name))
    return filled


def _defaults_agree(field: Field) -> bool:
    given = field.is_section and isinstance(field.default, dict)
    if given and _fill(field, field.default) != _fill(field, {}):
        return False
    return all(_defaults_agree(inner) for inner in field.inside())


def _note_markers(field: Field, values: Any, found: set[str]) -> None:
    if isinstance(values, dict) and values and field.is_section:
        for name, value in values.items():
            inner = field.child(name)
            if inner is not None and not inner.markers <= found:
                _note_markers(inner, value, found)
    else:
        found |= field.markers


def _ordered(field: Field, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    names = [name for name in field.properties if name in value]
    names += [name for name in value if name not in field.properties]
    return {name: _ordered(child, value[name]) if (child := field.child(name)) else value[name] for name in names}
