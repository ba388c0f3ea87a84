"""What a contract's JSON Schema must not say, whatever language the contract is written in."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.model.service import PREFIX, Contract, Field
from terrace.model.source import Pointer, dotted
from terrace.model.variants import Schema

Problem = tuple[Pointer, str, str]
"""A place in the configuration, what is wrong with what the contract says of it, and what to do."""

_KINDS = frozenset({"development", "test", "staging", "production"})
_LAYERS = frozenset({"environment", "group", "tenant"})
_THINGS = frozenset({"host", "url", "email", "bucket", "account", "key_id"})
_LISTS = {"set-by": _LAYERS, "required-in": _KINDS}
_WORDS = {"identifies": _THINGS, "tenancy": frozenset({"none", "pooled", "dedicated"})}
_RULED = frozenset({"rotation"})
_FLAGS = frozenset({"rules", "secret", "must-differ", "live"})
_TEXTS = frozenset({"env-var", "unit", "owner", "since", "deprecated-by", "version"})


def contract_problems(contract: Contract) -> Iterator[Problem]:
    """Every place where the schema of a service contradicts what Terrace promises of all services."""
    if f"{PREFIX}tenancy" not in contract.schema:
        hint = "add json_schema_extra=service(tenancy=...), or x-terrace-tenancy to a JSON Schema"
        yield (), "the contract does not say whether the service is pooled or dedicated to a tenant", hint
    if "sops" in contract.root.properties:
        yield ("sops",), "a section cannot be called 'sops': SOPS keeps its own notes there", "rename the section"
    for field, in_list in _fields(contract.root, in_list=False):
        yield from _markers(contract, field)
        yield from _rotation(field)
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
        if word == keyword or word in _RULED:
            continue
        allowed = _LISTS.get(word) or _WORDS.get(word)
        if word in _LISTS:
            fits = (
                isinstance(value, list) and all(isinstance(item, str) for item in value) and set(value) <= _LISTS[word]
            )
        elif word in _WORDS:
            fits = isinstance(value, str) and value in _WORDS[word]
        else:
            fits = value is True if word in _FLAGS else word in _TEXTS and isinstance(value, str)
        if not fits:
            known = ", ".join(sorted(allowed)) if allowed else "docs/contracts.md lists the keywords"
            yield field.pointer, f"{keyword} of '{name}' cannot be {value!r}", f"known here: {known}"
    if field.deprecated_by and contract.field(_parts(field.deprecated_by)) is None:
        message = f"'{name}' is deprecated by '{field.deprecated_by}', which the contract does not have"
        yield field.pointer, message, "name the new field by its dotted path from the top"


def _rotation(field: Field) -> Iterator[Problem]:
    said = field.schema.get(f"{PREFIX}rotation")
    if said is None:
        return
    import jsonschema_rs

    from terrace.model.rotation import POLICY_SCHEMA, faults

    name = dotted(field.pointer)
    wrong = jsonschema_rs.validator_for(POLICY_SCHEMA).iter_errors(said)
    for error in wrong:
        where = ".".join(map(str, error.instance_path))
        message = f"the rotation of '{name}' cannot have this{' ' + where if where else ''}: {error.message}"
        yield field.pointer, message, "docs/secrets-rotation.md lists what a policy may say"
        return
    for fault in faults(said, field):
        yield field.pointer, f"'{name}' {fault.message}", fault.hint


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


def _parts(path: str) -> Pointer:
    return tuple(path.split("."))


def schema_path(schema: Schema, pointer: Pointer) -> tuple[str, ...]:
    """The way, inside a JSON Schema, to what it says of the place at `pointer`, or of the nearest place above it."""
    path: tuple[str, ...] = ()
    for part in pointer:
        below = schema_step(schema, path, part)
        if below is None:
            break
        path = below
    return path


def schema_step(schema: Schema, path: tuple[str, ...], part: str | int) -> tuple[str, ...] | None:
    """The way to what a schema says of `part`, from the place in it that `path` leads to; references are followed."""
    node: object = schema
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return None
    if isinstance(part, int):
        return (*path, "items") if "items" in node else None
    if part in node.get("properties", {}):
        return (*path, "properties", part)
    if isinstance(node.get("additionalProperties"), dict):
        return (*path, "additionalProperties")
    ref = node.get("$ref", "")
    return schema_step(schema, tuple(ref[2:].split("/")), part) if ref.startswith("#/") else None
