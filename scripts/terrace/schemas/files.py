"""The JSON Schemas and editor settings that the contracts of a repository lead to, as files."""

from __future__ import annotations

import json
from pathlib import Path

from terrace.deploy import kinds
from terrace.flags.shape import FLAGS_SCHEMA
from terrace.model.descriptors import RECIPIENTS_SCHEMA, TENANT_SCHEMA, environment_schema
from terrace.model.service import PREFIX
from terrace.model.variants import Schema, layer_schema, made_from, secrets_schema, shared_schema
from terrace.schemas.contracts import contract_path, contract_schema, services
from terrace.schemas.editors import settings
from terrace.schemas.flag_types import flag_types

GENERATED = "schemas/generated"


def export(root: Path) -> dict[str, bytes]:
    """Every generated file of the repository at `root`, by path; nothing is written.

    Runs the Python of the contracts: only for a work tree whose owner chose to run it.
    """
    return _files(root, _contracts(root))


def write(root: Path, *, check: bool) -> list[str]:
    """The generated files that are stale, in order; unless only checking, they are brought up to date.

    A file in `schemas/generated/` that no contract leads to any more is stale, and is removed.
    """
    stale: list[str] = []
    wanted = export(root)
    for path, content in wanted.items():
        file = root / path
        if not file.is_file() or file.read_bytes() != content:
            stale.append(path)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
    for file in sorted((root / GENERATED).glob("*.json")):
        path = f"{GENERATED}/{file.name}"
        if path not in wanted:
            stale.append(path)
            if not check:
                file.unlink()
    return sorted(stale)


def _contracts(root: Path) -> dict[str, Schema]:
    return {service: contract_schema(root, service) for service in services(root)}


def _files(root: Path, contracts: dict[str, Schema]) -> dict[str, bytes]:
    layers = {service: layer_schema(schema) for service, schema in contracts.items()}
    sealed = {service: secrets_schema(schema) for service, schema in contracts.items()}
    files: dict[str, bytes] = {}
    for service, schema in contracts.items():
        path = contract_path(root, service)
        files |= _generated(f"{service}.schema", schema, path, content=(root / path).read_bytes())
        files |= _generated(f"{service}.layer", layers[service], path, title=f"{service}: one file")
        files |= _generated(f"{service}.secrets", sealed[service], path, title=f"{service}: one secrets file")
    every = "the contracts in schemas/"
    files |= _generated("shared.layer", shared_schema(layers.values()), every, title="Sections that services share")
    files |= _generated("shared.secrets", _shared_secrets(sealed), every, title="Secrets that services share")
    files |= _generated("environment.schema", environment_schema(kinds.schema()), "the terrace package")
    files |= _generated("tenant.schema", TENANT_SCHEMA, "the terrace package")
    files |= _generated("recipients.schema", RECIPIENTS_SCHEMA, "the terrace package")
    files |= _generated("flags.schema", FLAGS_SCHEMA, "the terrace package")
    files |= flag_types(root)
    return files | settings(root, list(contracts))


def _shared_secrets(sealed: dict[str, Schema]) -> Schema:
    return {**shared_schema(sealed.values()), "required": ["sops"]}


def _generated(
    name: str, schema: Schema, source: str, *, title: str = "", content: bytes | None = None
) -> dict[str, bytes]:
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:terrace:schema:{name}",
        "$comment": "",
        "title": title or schema.get("title", ""),
        "description": schema.get("description", ""),
    }
    body = {key: value for key, value in schema.items() if key not in head}
    facts = {key: value for key, value in body.items() if key.startswith(PREFIX)}
    ordered = {**head, **facts, **{key: value for key, value in body.items() if key != "$defs"}}
    if "$defs" in body:
        ordered["$defs"] = body["$defs"]
    ordered["$comment"] = made_from(source, content, ordered)
    text = json.dumps(ordered, indent=2, ensure_ascii=False, allow_nan=False)
    return {f"{GENERATED}/{name}.json": f"{text}\n".encode()}
