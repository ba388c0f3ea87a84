"""Random repositories that suit their contracts, and a slow, plain way to say what each target must get."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from terrace.model.layers import Target, leaves
from terrace.model.source import Pointer

Files = dict[str, dict[str, Any]]
"""What each YAML file says, by path."""

ENVIRONMENTS = ("development", "staging", "production", "production-eu")
GROUPS = ("gold", "nordics")
TENANTS = ("acme", "bistro", "fjord/cantina")
SERVICES = ("orders", "kitchen")


def _section(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


_POOL = {"type": "integer", "default": 10}
_DATABASE = _section(host={"type": "string"}, pool=_POOL, tls=_section(verify={"type": "boolean", "default": True}))
_HOURS = {"type": "object", "additionalProperties": {"type": "string"}, "default": {}}
_SHOP = _section(opens={"type": "string"}, seats={"type": "integer", "default": 40})
CONTRACTS: dict[str, dict[str, Any]] = {
    "orders": _section(
        database=_DATABASE,
        cors=_section(origins={"type": "array", "items": {"type": "string"}, "default": []}),
        shops={"type": "object", "additionalProperties": _SHOP, "default": {}},
        motto={"type": ["string", "null"], "default": None},
        rate={"type": "number", "default": 1.0},
    ),
    "kitchen": _section(database=_DATABASE, hours=_HOURS, printers={"type": "integer"}),
}

_words = st.sampled_from(["", "a", "db.internal", "yes", "12:30", "é # not a comment", "40"])
_numbers = st.integers(-3, 3)


def _overlay(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """What a layer may say of a place: a value that suits it, or null."""
    kind = schema["type"]
    if kind == "object":
        known = {name: _overlay(inner) for name, inner in schema.get("properties", {}).items()}
        free = schema.get("additionalProperties")
        maps = (
            st.dictionaries(st.sampled_from(["monday", "harbour", "a.b"]), _overlay(free), max_size=2)
            if free
            else st.fixed_dictionaries({}, optional=known)
        )
        return st.one_of(maps, maps, maps, st.none())
    plain: dict[str, st.SearchStrategy[Any]] = {
        "string": _words,
        "integer": _numbers,
        "number": st.one_of(_numbers, st.sampled_from([0.5, 1.0, 2.25])),
        "boolean": st.booleans(),
        "array": st.lists(_words, max_size=2),
    }
    return st.one_of(plain[kind if isinstance(kind, str) else kind[0]], st.none())


_SECTIONS = {name: schema for contract in CONTRACTS.values() for name, schema in contract["properties"].items()}
_BY_FILE = {
    service: st.fixed_dictionaries({}, optional={n: _overlay(s) for n, s in contract["properties"].items()})
    for service, contract in CONTRACTS.items()
} | {"shared": st.fixed_dictionaries({}, optional={name: _overlay(schema) for name, schema in _SECTIONS.items()})}


@st.composite
def repositories(draw: st.DrawFn) -> Files:
    """A repository of four environments, two groups and three tenants, with overlays anywhere."""
    files: Files = {}
    for name in ENVIRONMENTS:
        kind = "production" if name.startswith("production") else name
        files[f"environments/{name}/environment.yaml"] = {"kind": kind}
    if draw(st.booleans()):
        files["environments/production-eu/environment.yaml"]["extends"] = "production"
    for tenant in TENANTS:
        files[f"tenants/{tenant}/tenant.yaml"] = {
            "groups": draw(st.permutations(GROUPS).flatmap(lambda g: st.sampled_from([g, g[:1], []]))),
            "services": draw(st.sampled_from([["orders"], ["orders", "kitchen"]])),
            "environments": draw(st.lists(st.sampled_from(ENVIRONMENTS), min_size=1, unique=True)),
        }
    homes = [*(f"tenants/_groups/{name}" for name in GROUPS), *(f"tenants/{name}" for name in TENANTS)]
    folders = ["environments/base", *(f"environments/{name}" for name in ENVIRONMENTS)]
    folders += [f"{home}{below}" for home in homes for below in ("", *(f"/{name}" for name in ENVIRONMENTS))]
    for folder in draw(st.lists(st.sampled_from(folders), min_size=4, max_size=14, unique=True)):
        for name in draw(st.lists(st.sampled_from(["shared", *SERVICES]), min_size=1, max_size=2, unique=True)):
            files[f"{folder}/{name}.yaml"] = draw(_BY_FILE[name])
    return files


def text_of(value: Any, indent: int = 0) -> str:
    """YAML as people write it: maps one key to a line, lists in brackets."""
    lines = []
    for key, inner in value.items():
        begin = f"{' ' * indent}{json.dumps(key)}:"
        if isinstance(inner, dict) and inner:
            lines.append(f"{begin}\n{text_of(inner, indent + 2)}")
        else:
            lines.append(f"{begin} {json.dumps(inner, ensure_ascii=False)}\n")
    return "".join(lines) or "{}\n"


def texts_of(files: Files) -> dict[str, str]:
    """The repository as texts, with the contracts it needs."""
    schemas = {
        f"schemas/generated/{service}.schema.json": json.dumps({**contract, "x-terrace-tenancy": "pooled"})
        for service, contract in CONTRACTS.items()
    }
    return {**schemas, **{path: text_of(value) for path, value in files.items()}}


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, word for word, on copies."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    target = copy.deepcopy(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            if name in target:
                del target[name]
        else:
            target[name] = merged(target.get(name), value)
    return target


def filled(schema: Mapping[str, Any], value: Any) -> Any:
    """`value` with the defaults of its schema."""
    if not isinstance(value, dict):
        return copy.deepcopy(value)
    result = {}
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            result[name] = filled(inner, value[name])
        elif "default" in inner:
            result[name] = filled(inner, inner["default"])
        elif inner["type"] == "object" and filled(inner, {}):
            result[name] = filled(inner, {})
    for name in value.keys() - result.keys():
        result[name] = filled(schema.get("additionalProperties") or {}, value[name])
    return result


def expected(files: Files, target: Target) -> Any:
    """What a target must get: every file in the documented order, merged one after the other."""
    chain = [target.environment]
    while parent := files[f"environments/{chain[0]}/environment.yaml"].get("extends"):
        chain.insert(0, parent)
    folders = ["environments/base", *(f"environments/{name}" for name in chain)]
    if target.tenant:
        home = next(f"tenants/{path}" for path in TENANTS if path.endswith(target.tenant))
        groups = files[f"{home}/tenant.yaml"].get("groups", [])
        for folder in (*(f"tenants/_groups/{group}" for group in groups), home):
            folders += [folder, *(f"{folder}/{name}" for name in chain)]
    contract = CONTRACTS[target.service]
    value: Any = {}
    for folder in folders:
        for name in ("shared", target.service):
            said = files.get(f"{folder}/{name}.yaml", {})
            value = merged(value, {key: inner for key, inner in said.items() if key in contract["properties"]})
    return filled(contract, value)


def leaves_of(value: Any) -> list[Pointer]:
    """The leaves of a file; each item of a list is one too."""
    found: list[Pointer] = []
    for pointer, leaf in leaves(value):
        if pointer:
            found.append(pointer)
        if isinstance(leaf, list):
            found += [(*pointer, index) for index in range(len(leaf))]
    return found


def mutations(files: Files, path: str, pointer: Pointer) -> Iterator[Files]:
    """The repository with one leaf of one file changed, set to null, and deleted."""
    for change in (lambda old: f"{old}!" if isinstance(old, str) else "changed", lambda _: None):
        mutated = {**files, path: copy.deepcopy(files[path])}
        parent = at(mutated[path], pointer[:-1])
        parent[pointer[-1]] = change(parent[pointer[-1]])
        yield mutated
    yield without(files, path, pointer)


def without(files: Files, path: str, pointer: Pointer) -> Files:
    """The repository with one leaf of one file deleted."""
    mutated = {**files, path: copy.deepcopy(files[path])}
    del at(mutated[path], pointer[:-1])[pointer[-1]]
    return mutated


def at(value: Any, pointer: Pointer) -> Any:
    """What stands at `pointer`."""
    for part in pointer:
        value = value[part]
    return value
