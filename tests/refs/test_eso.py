"""Manifests of the External Secrets Operator have the shape that its resource definition asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from terrace.errors import StoreError
from terrace.model.reference import Reference, parse
from terrace.model.source import Pointer
from terrace.refs.eso import external_secret, manifest


def closed(schema: Any) -> Any:
    """The schema with unknown keys refused: a cluster would drop them without a word."""
    if isinstance(schema, list):
        return [closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema["properties"] and "additionalProperties" not in schema:
        result["additionalProperties"] = False
    return result


SCHEMA = closed(json.loads((Path(__file__).parent / "data" / "external-secret-v1.schema.json").read_text()))


def refs(**texts: str) -> dict[Pointer, Reference]:
    found: dict[Pointer, Reference] = {}
    for name, text in texts.items():
        reference = parse(text)
        assert isinstance(reference, Reference)
        found[tuple(name.split("__"))] = reference
    return found


def test_references_to_one_store_share_it() -> None:
    made = external_secret(
        "backend",
        refs(
            database__password="ref+vault://secret/data/production/db#/password",
            mail__token="ref+vault://secret/data/production/mail?version=3#/token/a.b",
        ),
        namespace="shop",
        stores={"vault": "company-vault"},
        kind="ClusterSecretStore",
    )
    jsonschema.validate(made, SCHEMA)
    assert made["metadata"] == {"name": "backend", "namespace": "shop"}
    assert made["spec"]["secretStoreRef"] == {"name": "company-vault", "kind": "ClusterSecretStore"}
    assert made["spec"]["data"] == [
        {"secretKey": "database.password", "remoteRef": {"key": "secret/data/production/db", "property": "password"}},
        {
            "secretKey": "mail.token",
            "remoteRef": {"key": "secret/data/production/mail", "property": r"token.a\.b", "version": "3"},
        },
    ]


def test_references_to_several_stores_name_theirs() -> None:
    made = external_secret(
        "backend",
        refs(
            a="ref+vault://secret/data/db#/password",
            b="ref+awssecrets://production/db?region=eu-west-1&version_id=0a1b#/password",
            c="ref+awssecrets://production/db?version_stage=AWSPREVIOUS",
            d="ref+awsssm://production/db?version=2",
        ),
    )
    jsonschema.validate(made, SCHEMA)
    data = made["spec"]["data"]
    assert [entry["sourceRef"]["storeRef"]["name"] for entry in data] == [
        "vault", "awssecrets-eu-west-1", "awssecrets", "awsssm"
    ]  # fmt: skip
    assert [entry["remoteRef"].get("version") for entry in data] == [None, "uuid/0a1b", "AWSPREVIOUS", "2"]
    assert data[3]["remoteRef"]["key"] == "/production/db"


def test_the_document_is_the_same_as_yaml() -> None:
    found = refs(a="ref+awsssm://production/db")
    assert yaml.safe_load(manifest("backend", found)) == external_secret("backend", found)


def test_names_that_kubernetes_does_not_take_are_changed_and_may_not_meet() -> None:
    reference = refs(x="ref+awsssm://a")[("x",)]
    made = external_secret("backend", {("labels", "a b"): reference})
    jsonschema.validate(made, SCHEMA)
    assert made["spec"]["data"][0]["secretKey"] == "labels.a_b"
    with pytest.raises(StoreError, match=r"would be the key labels\.a_b"):
        external_secret("backend", {("labels", "a b"): reference, ("labels", "a_b"): reference})


@pytest.mark.parametrize("text", ["ref+env://NAME", "ref+file://a"])
def test_what_only_a_machine_has_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="cannot be fetched by the External Secrets Operator"):
        external_secret("backend", refs(a=text))


def test_the_shape_is_really_checked() -> None:
    made = external_secret("backend", refs(a="ref+awsssm://a"))
    made["spec"]["data"][0]["remoteRef"]["propertyy"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, SCHEMA)
