"""The variants of a contract: for one layer, for a secrets file, for what is left without secrets, for shared.yaml."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace.model.layers import leaves
from terrace.model.service import Contract, Field
from terrace.model.variants import Schema, layer_schema, only_secret, plain_schema, secrets_schema, shared_schema
from terrace.schemas import contract_schema
from tests.soak import rounds

ROOT = Path(__file__).parents[2]
SERVICES = ("backend", "worker")
SEALED = "ENC[AES256_GCM,data:u7B8IVbK,iv:I0Q1W8ew2gg=,tag:0vV+F2qaRUKY==,type:str]"
pytestmark = pytest.mark.soak
few = settings(max_examples=rounds(25), deadline=None, suppress_health_check=list(HealthCheck))


def valid(schema: Schema, value: object) -> bool:
    return bool(jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(value))


def section(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def split(field: Field, value: Any, *, secret: bool) -> Any:
    """The secret or the plain part of a configuration."""
    if not isinstance(value, dict) or not field.is_section:
        return value if field.secret is secret else None
    parts = {}
    for name, inner in value.items():
        child = field.child(name)
        if child is not None and (part := split(child, inner, secret=secret)) is not None:
            parts[name] = part
    return parts or None


@pytest.mark.parametrize("service", SERVICES)
def test_any_part_of_a_configuration_is_a_layer(
    service: str, configs: Callable[[str], st.SearchStrategy[dict[str, Any]]]
) -> None:
    schema = contract_schema(ROOT, service)
    layer = jsonschema_rs.validator_for(layer_schema(schema))
    root = Contract(service, schema).root

    @few
    @given(configs(service), st.data())
    def check(config: dict[str, Any], data: st.DataObject) -> None:
        part = split(root, config, secret=False) or {}
        for pointer, _ in list(leaves(part)):
            choice = data.draw(st.sampled_from(["keep", "null", "leave out"]))
            if choice != "keep" and pointer:
                holder = part
                for step in pointer[:-1]:
                    holder = holder[step]
                holder[pointer[-1]] = None
                if choice == "leave out":
                    del holder[pointer[-1]]
        assert layer.is_valid(part)

    check()


@pytest.mark.parametrize("service", SERVICES)
def test_a_whole_configuration_needs_no_secret_to_be_valid(
    service: str, configs: Callable[[str], st.SearchStrategy[dict[str, Any]]]
) -> None:
    schema = contract_schema(ROOT, service)
    contract = Contract(service, schema)
    plain = jsonschema_rs.validator_for(plain_schema(schema))

    @few
    @given(configs(service))
    def check(config: dict[str, Any]) -> None:
        assert plain.is_valid(contract.fill(split(contract.root, config, secret=False)))

    check()
    assert not plain.is_valid({})


def test_a_layer_refuses_a_secret_in_plain_text_and_takes_a_reference() -> None:
    layer = layer_schema(contract_schema(ROOT, "backend"))
    assert not valid(layer, {"database": {"password": "correct horse"}})
    assert not valid(layer, {"observability": {"error_dsn": "https://key@errors.internal/1"}})
    assert valid(layer, {"database": {"password": "ref+vault://kv/orders#/password"}})
    assert not valid(layer, {"database": {"password": "ref+vault://kv/orders and more"}})
    assert not valid(layer, {"database": {"password": "x ref+vault://kv/orders"}})


def test_everything_below_a_secret_section_is_secret() -> None:
    rotating = section(current={"type": "string"}, previous={"type": "string"})
    full = section(key={"$ref": "#/$defs/Rotating", "x-terrace-secret": True}) | {"$defs": {"Rotating": rotating}}
    assert not valid(layer_schema(full), {"key": {"current": "plain"}})
    assert valid(secrets_schema(full), {"key": {"current": SEALED}, "sops": SOPS})


def test_a_layer_needs_nothing_and_knows_its_types() -> None:
    layer = layer_schema(contract_schema(ROOT, "backend"))
    assert valid(layer, {})
    assert valid(layer, {"database": None, "queues": {"invoice": None}, "cors": {"origins": None}})
    assert not valid(layer, {"database": {"pool_max": "20"}})
    assert not valid(layer, {"database": {"pool_max": 900}})
    assert not valid(layer, {"databse": {}})
    assert not valid(layer, None)


def test_a_list_in_a_layer_is_complete() -> None:
    item = section(host={"type": "string"}, port={"type": "integer"}) | {"required": ["host"]}
    full = section(peers={"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/Peer"}}) | {
        "$defs": {"Peer": item}
    }
    layer = layer_schema(full)
    assert valid(layer, {"peers": [{"host": "a"}, {"host": "b"}]})
    assert valid(layer, {"peers": None})
    assert not valid(layer, {"peers": [{"host": "a"}]})
    assert not valid(layer, {"peers": [{"host": "a"}, {"port": 1}]})
    assert not valid(layer, {"peers": [{"host": "a"}, None]})


def test_what_depends_on_another_layer_is_not_asked_of_one() -> None:
    full = section(mode={"enum": ["on", "off"]}, a={"type": "integer"}, b={"type": "integer"})
    full |= {"if": {"properties": {"mode": {"const": "on"}}}, "then": {"required": ["a"]}, "minProperties": 2}
    full |= {"dependentRequired": {"a": ["b"]}, "not": {"required": ["b"]}, "oneOf": [{"required": ["a"]}, {}]}
    assert valid(layer_schema(full), {"mode": "on"})
    assert valid(layer_schema(full), {"a": 1})
    assert valid(layer_schema(full), {"b": 1})


def test_a_section_that_contains_itself_ends() -> None:
    node = section(name={"type": "string"}, below={"$ref": "#/$defs/Node"})
    full = section(tree={"$ref": "#/$defs/Node"}) | {"$defs": {"Node": node}}
    for variant in (layer_schema(full), plain_schema(full)):
        assert valid(variant, {"tree": {"name": "a", "below": {"name": "b"}}})
        assert not valid(variant, {"tree": {"name": 1}})


def test_a_schema_is_not_changed_by_its_variants() -> None:
    full = contract_schema(ROOT, "worker")
    before = copy.deepcopy(full)
    layer_schema(full)
    plain_schema(full)
    secrets_schema(full)
    assert full == before


SOPS = {"mac": SEALED, "lastmodified": "2026-01-01T00:00:00Z", "version": "3.12.2"}


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"database": {"password": SEALED}, "sops": SOPS}, True),
        ({"database": {"password": ""}, "sops": SOPS}, True),
        ({"database": {"password": SEALED}}, False),
        ({"database": {"password": "correct horse"}, "sops": SOPS}, False),
        ({"database": {"password": None}, "sops": SOPS}, False),
        ({"database": None, "sops": SOPS}, False),
        ({"database": {"password": SEALED.replace("type:str", "type:int")}, "sops": SOPS}, False),
        ({"database": {"password": SEALED + "x"}, "sops": SOPS}, False),
        ({"database": {"host": SEALED}, "sops": SOPS}, False),
        ({"ordering": {}, "sops": SOPS}, False),
    ],
)
def test_a_secrets_file_holds_encrypted_secrets_and_nothing_else(value: object, fits: bool) -> None:
    assert valid(secrets_schema(contract_schema(ROOT, "backend")), value) is fits


def test_secrets_in_a_map_of_sections_have_their_place() -> None:
    full = section(
        peers={"type": "object", "additionalProperties": section(key={"type": "string", "x-terrace-secret": True})}
    )
    assert valid(secrets_schema(full), {"peers": {"a": {"key": SEALED}}, "sops": SOPS})
    assert not valid(secrets_schema(full), {"peers": {"a": {"other": SEALED}}, "sops": SOPS})


def test_a_shared_section_must_suit_every_service_that_declares_it() -> None:
    shared = shared_schema([layer_schema(contract_schema(ROOT, service)) for service in SERVICES])
    assert valid(shared, {"database": {"host": "orders.internal"}, "storage": {"bucket": "hk-media"}})
    assert valid(shared, {"queues": {"invoice": {"timeout": 60}}})
    assert valid(shared, {"reports": {"retention": 90}, "database": None})
    assert not valid(shared, {"database": {"replicas": ["a.internal"]}})
    assert not valid(shared, {"database": {"pool_max": 60}})
    assert not valid(shared, {"nobody": {}})


def test_a_section_of_secrets_alone_is_not_required_in_plain_text() -> None:
    keys = section(a={"type": "string", "x-terrace-secret": True}) | {"required": ["a"]}
    full = section(keys={"$ref": "#/$defs/Keys"}, name={"type": "string"}) | {"required": ["keys", "name"]}
    full["$defs"] = {"Keys": keys}
    assert only_secret(Contract("app", full).field(("keys",)))
    assert valid(plain_schema(full), {"name": "x"})
    assert not valid(plain_schema(full), {})
