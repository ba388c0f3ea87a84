"""What a contract's JSON Schema becomes for one layer, for a secrets file, and for what is left without secrets.

Each variant is a whole schema of its own, without `$ref`: editors show the description of the field, not that of the
class, and a committed variant can be read by itself. A section that contains itself is checked one level deep.

One layer is a patch of the whole, so its variant differs where a patch does:

- null is allowed everywhere, for it removes what was inherited;
- `required`, counts of keys and everything conditional go: the other half may stand in another layer;
- lists replace, so a list is complete: its counts stay, its items are checked in full, and null is not allowed in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from terrace.model.reference import REFERENCE
from terrace.model.service import PREFIX, Contract, Field
from terrace.model.source import Pointer

Schema = dict[str, Any]
Each = Callable[[str, str | int | None, Any], Any]

_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLES = (
    "additionalProperties", "items", "contains", "not", "if", "then", "else",
    "propertyNames", "unevaluatedProperties", "unevaluatedItems",
)  # fmt: skip
_ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "$comment", "readOnly", "writeOnly")
# `maxProperties` goes too, for keys that only remove something count; `not` refuses more once its inside is relaxed.
_NOT_IN_A_LAYER = frozenset({
    "required", "minProperties", "maxProperties", "not", "if", "then", "else",
    "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
})  # fmt: skip
_COMPLETE = frozenset({"items", "prefixItems", "contains", "unevaluatedItems", "propertyNames"})
_LABELS = {"string": "str", "integer": "int", "number": "(int|float)", "boolean": "bool"}


def made_from(source: str, content: bytes | None = None, schema: Schema | None = None) -> str:
    """The remark that a generated schema begins with.

    With a contract's `content` and the `schema` that it leads to, it also tells when either was changed since.
    """
    import json
    from hashlib import sha256

    digest = ""
    if content is not None and schema is not None:
        body = {key: value for key, value in schema.items() if key != "$comment"}
        data = content + b"\0" + json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
        digest = f" (sha256:{sha256(data).hexdigest()[:16]})"
    return f"Generated from {source}{digest} by `terrace schemas`; do not edit."


def layer_schema(schema: Schema, contract: Contract | None = None) -> Schema:
    """The schema of one plain file: any part of the configuration, null to remove, references for secrets.

    `contract` is the schema as it was read already, if it was.
    """
    contract = contract or Contract("", schema)
    relaxed: Schema = _relax(_head(schema), schema, contract, (), (), opened=False)
    return {**relaxed, "type": "object"}


def opened_schema(schema: Schema, contract: Contract | None = None) -> Schema:
    """The schema of any part of the configuration with its secrets in the open: what their values must be.

    `contract` is the schema as it was read already, if it was.
    """
    relaxed: Schema = _relax(_head(schema), schema, contract or Contract("", schema), (), (), opened=True)
    return {**relaxed, "type": "object"}


def plain_schema(schema: Schema, contract: Contract | None = None) -> Schema:
    """The schema of an effective configuration without its secrets: none is required, whatever stands there.

    `contract` is the schema as it was read already, if it was.
    """
    result: Schema = _without_secrets(_head(schema), schema, contract or Contract("", schema), (), ())
    return result


def secrets_schema(schema: Schema) -> Schema:
    """The schema of a secrets file: only secret fields, each leaf encrypted, and what SOPS notes about itself."""
    sealed = _sealed(Contract("", schema).root) or {"type": "object", "properties": {}, "additionalProperties": False}
    properties = {**sealed["properties"], "sops": _SOPS}
    return {"title": schema.get("title", ""), **sealed, "properties": properties, "required": ["sops"]}


def shared_schema(schemas: Iterable[Schema]) -> Schema:
    """The variants of several services as one, for `shared.yaml`: a section must suit each service that declares it."""
    sections: dict[str, list[Any]] = {}
    for schema in schemas:
        for name, section in schema["properties"].items():
            if section not in sections.setdefault(name, []):
                sections[name].append(section)
    properties = {name: _all_of(found) for name, found in sections.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def only_secret(field: Field | None) -> bool:
    """Whether everything at `field` is secret, so that plain files say nothing of it."""
    if field is None or field.secret:
        return field is not None
    below = [*field.properties.values(), *([field.additional] if field.additional else [])]
    return bool(below) and all(only_secret(child) for child in below)


def inline(schema: Any, root: Schema, seen: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """`schema` with the `$ref` at its top followed, and the references followed on the way here."""
    while isinstance(schema, dict) and isinstance(ref := schema.get("$ref"), str):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if ref in seen or not ref.startswith("#/"):
            return beside, seen
        seen = (*seen, ref)
        found = resolve(root, ref)
        notes = {key: value for key, value in beside.items() if key in _ANNOTATIONS or key.startswith(PREFIX)}
        if len(notes) == len(beside) and isinstance(found, dict):
            schema = {**found, **notes}
        else:
            schema = {**notes, "allOf": [found, {k: v for k, v in beside.items() if k not in notes}]}
    return schema, seen


def resolve(root: Schema, ref: str) -> Any:
    """The part of `root` that the local reference `ref` (`#/$defs/Database`) points at; `True` if there is none."""
    found: Any = root
    for part in ref[2:].split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~"), True) if isinstance(found, dict) else True
    return found


def _head(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("$defs", "definitions", "$id", "$comment")}


def _each(schema: Schema, change: Each) -> Schema:
    """`schema` with every schema directly inside it replaced by `change(keyword, name or index, inner schema)`."""
    result: Schema = {}
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, dict):
            result[key] = {name: change(key, name, inner) for name, inner in value.items()}
        elif key in _LISTS and isinstance(value, list):
            result[key] = [change(key, index, inner) for index, inner in enumerate(value)]
        elif key in _SINGLES:
            result[key] = change(key, None, value)
        else:
            result[key] = value
    return result


def _below(pointer: Pointer, keyword: str, name: str | int | None) -> Pointer:
    """The place in the configuration that an inner schema speaks of; most keywords speak of the same place."""
    if keyword == "properties":
        return (*pointer, name or "")
    if keyword in ("additionalProperties", "patternProperties"):
        return (*pointer, "*")
    return (*pointer, 0) if keyword in ("items", "prefixItems", "contains") else pointer


def _whole(schema: Any, root: Schema, seen: tuple[str, ...]) -> Any:
    schema, seen = inline(schema, root, seen)
    if not isinstance(schema, dict):
        return schema
    return _each(schema, lambda _keyword, _name, inner: _whole(inner, root, seen))


def _relax(
    schema: Any, root: Schema, contract: Contract, pointer: Pointer, seen: tuple[str, ...], *, opened: bool
) -> Any:
    schema, seen = inline(schema, root, seen)
    while isinstance(schema, dict) and (kind := _or_null(schema)):
        # Null is allowed anyway, and one alternative is told better than two are.
        schema, seen = inline({**kind, **{k: v for k, v in schema.items() if k != "anyOf"}}, root, seen)
    if not isinstance(schema, dict):
        return schema
    field = contract.field(pointer)
    if field is not None and field.secret and not field.is_section:
        return _whole(schema, root, seen) if opened else _reference(schema)

    def change(keyword: str, name: str | int | None, inner: Any) -> Any:
        if keyword in _COMPLETE:
            return _whole(inner, root, seen)
        return _relax(inner, root, contract, _below(pointer, keyword, name), seen, opened=opened)

    return _allow_null(_each({k: v for k, v in schema.items() if k not in _NOT_IN_A_LAYER}, change))


def _or_null(schema: Schema) -> Schema | None:
    """What `schema` is when it is not null, if it says `X or null` and nothing else."""
    choices = schema.get("anyOf", ())
    kinds = [choice for choice in choices if choice != {"type": "null"}]
    notes = all(key in _ANNOTATIONS or key.startswith(PREFIX) for key in schema if key != "anyOf")
    return kinds[0] if notes and len(choices) == 2 and len(kinds) == 1 and isinstance(kinds[0], dict) else None


def _allow_null(schema: Schema) -> Schema:
    result = dict(schema)
    types = schema.get("type")
    if types is not None:
        listed = [types] if isinstance(types, str) else list(types)
        result["type"] = listed if "null" in listed else [*listed, "null"]
    if "const" in schema:
        result["enum"] = [result.pop("const"), None]
    elif "enum" in schema and None not in schema["enum"]:
        result["enum"] = [*schema["enum"], None]
    # Branches that excluded one another may overlap now that they are relaxed: one that fits is enough.
    if "oneOf" in result:
        choices = {"anyOf": result.pop("oneOf")}
        if "anyOf" in result:
            choices = {"allOf": [*result.get("allOf", []), choices]}
        result.update(choices)
    return result


def _reference(schema: Schema) -> Schema:
    notes = {key: schema[key] for key in schema if key in ("title", "description", "deprecated") or key[:2] == "x-"}
    message = (
        "A secret: it belongs in the secrets file beside this one, or give a reference such as ref+vault://path#/key"
    )
    return {**notes, "type": ["string", "null"], "pattern": REFERENCE, "patternErrorMessage": message}


def _without_secrets(schema: Any, root: Schema, contract: Contract, pointer: Pointer, seen: tuple[str, ...]) -> Any:
    schema, seen = inline(schema, root, seen)
    if not isinstance(schema, dict):
        return schema
    field = contract.field(pointer)
    if field is not None and field.secret and not field.is_section:
        return {f"{PREFIX}secret": True}

    def is_plain(name: str) -> bool:
        return not only_secret(contract.field((*pointer, name)))

    result = _each(
        schema,
        lambda keyword, name, inner: _without_secrets(inner, root, contract, _below(pointer, keyword, name), seen),
    )
    if "required" in schema:
        result["required"] = [name for name in schema["required"] if is_plain(name)]
    if "dependentRequired" in schema:
        result["dependentRequired"] = {
            name: list(filter(is_plain, needs)) for name, needs in schema["dependentRequired"].items()
        }
    return result


def _sealed(field: Field) -> Schema | None:
    if field.is_section:
        properties = {name: sealed for name, child in field.properties.items() if (sealed := _sealed(child))}
        additional = _sealed(field.additional) if field.additional else None
        if not properties and additional is None:
            return None
        inner = {"type": "object", "properties": properties, "additionalProperties": additional or False}
        return {**_described(field), **inner}
    if field.secret:
        return {**_described(field), "type": "string", "pattern": _encrypted(field)}
    choices = [sealed for choice in field.alternatives if (sealed := _sealed(choice))]
    return {**_described(field), "anyOf": choices} if choices else None


def _described(field: Field) -> Schema:
    return {"description": field.description} if field.description else {}


def _encrypted(field: Field) -> str:
    # SOPS leaves an empty text as it is. The label at the end is the type that the value had.
    labels = sorted(_LABELS[name] for name in field.types if name in _LABELS) or ["(str|int|float|bool)"]
    label = labels[0] if len(labels) == 1 else f"({'|'.join(labels)})"
    text = "[A-Za-z0-9+/]+={0,2}"
    return rf"^(ENC\[AES256_GCM,data:{text},iv:{text},tag:{text},type:{label}\])?$"


def _all_of(sections: list[Any]) -> Any:
    if len(sections) == 1:
        return sections[0]
    described = next((s["description"] for s in sections if isinstance(s, dict) and "description" in s), "")
    return {**({"description": described} if described else {}), "allOf": sections}


_SOPS: Schema = {
    "description": "Written by SOPS: who can open the file, and the seal over its content.",
    "type": "object",
    "required": ["mac", "lastmodified", "version"],
}
