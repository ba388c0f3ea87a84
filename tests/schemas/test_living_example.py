"""Harbour Kitchen, the living example: its files suit their schemas, and its targets suit their contracts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from terrace import yamlio
from terrace.layering import Layering, lineage
from terrace.load import load
from terrace.model.entities import Repository
from terrace.model.layers import EffectiveConfig, leaves
from terrace.model.recipients import asked
from terrace.model.variants import plain_schema
from terrace.schemas import problems, write
from terrace.schemas.cross import cross_check
from terrace.schemas.editors import associations
from terrace.sops.config import read, rule_for
from terrace.source import open_source

ROOT = Path(__file__).parents[2]
FILES = {
    path.relative_to(ROOT).as_posix(): schema
    for schema, globs in associations(["backend", "worker"]).items()
    for glob in globs
    for path in ROOT.glob(glob)
    if not path.name.endswith(".local.yaml")
}


@cache
def repository() -> Repository:
    return load(open_source(ROOT))


@cache
def effective() -> list[EffectiveConfig]:
    layering = Layering(repository())
    everyone = [None, *repository().tenants.values()]
    return [layering.effective(target, tenant) for tenant in everyone for target in layering.targets(tenant)]


@cache
def schema(path: str) -> Any:
    return jsonschema_rs.validator_for(json.loads((ROOT / path).read_text()), validate_formats=True)


def test_the_generated_files_are_up_to_date() -> None:
    assert write(ROOT, check=True) == []


def test_the_contracts_keep_what_they_promise() -> None:
    assert problems(ROOT) == []


def test_every_field_tells_what_it_is() -> None:
    for contract in repository().contracts.values():
        for field in contract.root.walk():
            assert field.description, (contract.service, field.pointer)
            needs_example = not field.is_section and not field.secret and field.types != {"boolean"}
            if needs_example and "enum" not in json.dumps(field.schema):
                assert field.schema.get("examples"), (contract.service, field.pointer)


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_file_suits_its_schema(path: str) -> None:
    content, _ = yamlio.load((ROOT / path).read_text())
    assert [error.message for error in schema(FILES[path]).iter_errors(content)] == []


def test_it_is_as_large_as_a_real_one() -> None:
    assert len(repository().environments) == 5
    assert len(repository().tenants) >= 10
    assert len(repository().groups) == 2
    assert len(effective()) >= 40
    leaves_of_backend = [field for field in repository().contracts["backend"].root.walk() if not field.is_section]
    assert len(leaves_of_backend) >= 100


def test_every_target_suits_its_contract_without_its_secrets() -> None:
    plain = {
        service: jsonschema_rs.validator_for(plain_schema(contract.schema), validate_formats=True)
        for service, contract in repository().contracts.items()
    }
    rules = cross_check(ROOT, repository().contracts["backend"])
    assert rules is not None
    for config in effective():
        assert [error.message for error in plain[config.target.service].iter_errors(config.values)] == []
        if config.target.service == "backend":
            assert rules(config.values) == []


def test_every_environment_has_the_secrets_that_its_services_require() -> None:
    for name in repository().environments:
        for service, contract in repository().contracts.items():
            sealed = [
                pointer
                for environment in lineage(repository(), name)
                for pointer, _ in leaves(repository().files.secrets[_secrets(environment.name, service)].value)
            ]
            required = {field.pointer for field in contract.root.walk() if field.secret and not field.has_default}
            assert required <= set(sealed), (name, service)


def test_a_secrets_file_opens_with_the_declared_keys_and_no_others() -> None:
    rules = read((ROOT / ".sops.yaml").read_text())
    documents = {path: (document, None) for path, document in repository().files.secrets.items()}
    for tenant in repository().tenants.values():
        documents |= {path: (document, tenant) for path, document in tenant.files.secrets.items()}
    assert len(documents) == 12
    for path, (document, tenant) in documents.items():
        declared = {each.key for each in asked(repository(), path.split("/")[-2], tenant)}
        assert {entry["recipient"] for entry in document.value["sops"]["age"]} == declared
        rule = rule_for(rules, path)
        assert rule is not None
        assert set(rule.recipients) == declared


def _secrets(environment: str, service: str) -> str:
    return f"environments/{environment}/{service}.secrets.yaml"
