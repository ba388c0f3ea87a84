"""A tenant's files reach that tenant alone, and every value is what the documented order of layers makes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace import load
from terrace.bundle.canonical import canonical
from terrace.layering import Layering
from terrace.model.entities import Repository
from terrace.model.layers import EffectiveConfig, Target, leaves
from terrace.model.source import Location
from terrace.validate.examples import MemorySource
from tests.generated import (
    CONTRACTS,
    TENANTS,
    Files,
    at,
    expected,
    filled,
    leaves_of,
    mutations,
    repositories,
    texts_of,
    without,
)
from tests.soak import rounds

NOWHERE = object()


def examples(count: int) -> settings:
    """So many random repositories; drawing and loading one takes a while."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=rounds(count), deadline=None, suppress_health_check=slow)


def repository_of(files: Files) -> Repository:
    repository = load.load(MemorySource(texts_of(files)))
    found = [*repository.files.findings, *(f for tenant in repository.tenants.values() for f in tenant.files.findings)]
    assert not found
    return repository


def configs_of(files: Files) -> dict[Target, EffectiveConfig]:
    """Every effective config of a repository, as the real loader and the real layering make it."""
    repository = repository_of(files)
    layering = Layering(repository)
    return {
        target: layering.effective(target, tenant)
        for tenant in (None, *repository.tenants.values())
        for target in layering.targets(tenant)
    }


def bytes_of(files: Files) -> dict[Target, bytes]:
    return {target: canonical(config.values) for target, config in configs_of(files).items()}


@examples(25)
@given(repositories(), st.sampled_from(TENANTS))
def test_no_leaf_of_a_tenant_changes_anything_outside_its_reach(files: Files, folder: str) -> None:
    name = folder.rsplit("/", 1)[-1]
    before = bytes_of(files)
    for path in [path for path in files if path.startswith(f"tenants/{folder}/")]:
        reached = _reach(files, folder, path)
        for pointer in leaves_of(files[path]):
            for mutated in mutations(files, path, pointer):
                after = bytes_of(mutated)
                for target in before.keys() | after.keys():
                    if target.tenant != name or target.environment not in reached:
                        assert after.get(target) == before.get(target), (path, pointer, target)


def _reach(files: Files, folder: str, path: str) -> set[str]:
    """The environments that a tenant's file is for."""
    named = path.removeprefix(f"tenants/{folder}/").rpartition("/")[0]
    every = {name.split("/")[1] for name in files if name.endswith("/environment.yaml")}
    heirs = {name for name in every if files[f"environments/{name}/environment.yaml"].get("extends") == named}
    return {named, *heirs} if named else every


@examples(150)
@given(repositories())
def test_effective_config_is_what_a_plain_merge_of_all_layers_gives(files: Files) -> None:
    for target, config in configs_of(files).items():
        assert canonical(config.values) == canonical(expected(files, target)), target


@examples(60)
@given(repositories())
def test_the_winner_holds_the_value_at_its_line(files: Files) -> None:
    texts = texts_of(files)
    for target, config in configs_of(files).items():
        for pointer, value in leaves(config.values):
            winner = config.winner(pointer)
            if winner is None:
                assert value == _value(filled(CONTRACTS[target.service], {}), pointer) or _in_a_map(pointer, config)
            elif value != {}:  # an empty map may be what is left of one whose entries were null
                assert (type(value), value) == (type(winner.value), winner.value)
                assert json.loads(_slice(texts[winner.location.path], winner.location)) == value, (target, pointer)


@examples(25)
@given(repositories())
def test_without_the_winner_the_next_layer_speaks(files: Files) -> None:
    for target, config in configs_of(files).items():
        for pointer, value in leaves(config.values):
            winner = config.winner(pointer)
            if winner is None or value == {}:
                continue
            shortened = without(files, winner.location.path, winner.pointer)
            after = configs_of(shortened)[target]
            assert canonical(after.values) == canonical(expected(shortened, target))
            others = [said.location.path for said in config.contributions(pointer)][1:]
            assert [said.location.path for said in after.contributions(pointer)] == others
            below = [said.value for said in config.contributions(pointer)][1:2]
            if below and below[0] is not None and canonical(below[0]) != canonical(value):
                assert canonical(_value(after.values, pointer)) != canonical(value)


def _slice(text: str, location: Location) -> str:
    span = location.span
    assert span is not None
    assert span.line == span.end_line
    return text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1]


def _value(values: Any, pointer: tuple[str | int, ...]) -> Any:
    try:
        return at(values, pointer)
    except (KeyError, TypeError):
        return NOWHERE


def _in_a_map(pointer: tuple[str | int, ...], config: EffectiveConfig) -> bool:
    """Whether the leaf is a default inside an entry that some layer gave to a free map."""
    return config.target.service == "orders" and pointer[0] == "shops" and len(pointer) > 1


STORY: Files = {
    "environments/production/environment.yaml": {"kind": "production"},
    "environments/staging/environment.yaml": {"kind": "staging"},
    "environments/base/orders.yaml": {"database": {"host": "db.internal", "pool": 20}, "cors": {"origins": ["a", "b"]}},
    "tenants/acme/tenant.yaml": {"services": ["orders"], "environments": ["staging", "production"]},
    "tenants/bistro/tenant.yaml": {"services": ["orders"], "environments": ["staging", "production"]},
}


def values(files: Files, tenant: str | None = "acme", environment: str = "production") -> Any:
    return configs_of({**STORY, **files})[Target("orders", environment, tenant)].values


@pytest.mark.parametrize("path", ["tenants/acme/orders.yaml", "tenants/acme/production/shared.yaml"])
def test_a_change_of_a_tenant_is_seen_by_that_tenant(path: str) -> None:
    before, after = bytes_of(STORY), bytes_of({**STORY, path: {"database": {"pool": 30}}})
    changed = {target for target in before if before[target] != after[target]}
    environments = {"production"} if "production" in path else {"staging", "production"}
    assert changed == {Target("orders", environment, "acme") for environment in environments}


def test_null_brings_back_the_default() -> None:
    assert values({"tenants/acme/orders.yaml": {"database": {"pool": None}}})["database"]["pool"] == 10


def test_null_removes_what_has_no_default() -> None:
    assert "host" not in values({"tenants/acme/orders.yaml": {"database": {"host": None}}})["database"]


def test_null_removes_a_whole_section() -> None:
    assert values({"tenants/acme/orders.yaml": {"database": None}})["database"] == {"pool": 10, "tls": {"verify": True}}


def test_a_stronger_layer_sets_again_what_null_removed() -> None:
    files: Files = {
        "tenants/acme/orders.yaml": {"database": None},
        "tenants/acme/production/orders.yaml": {"database": {"pool": 5}},
    }
    assert values(files)["database"] == {"pool": 5, "tls": {"verify": True}}
    assert values(files, environment="staging")["database"]["pool"] == 10


def test_null_over_nothing_changes_nothing() -> None:
    assert values({"tenants/acme/orders.yaml": {"motto": None}}) == values({})


def test_lists_replace_and_empty_maps_change_nothing() -> None:
    changed = values({"tenants/acme/orders.yaml": {"cors": {"origins": ["c"]}, "database": {}}})
    assert changed["cors"] == {"origins": ["c"]}
    assert changed["database"] == values({})["database"]


def test_a_removal_is_told_as_the_strongest_contribution() -> None:
    files = {**STORY, "tenants/acme/orders.yaml": {"database": None}}
    config = configs_of(files)[Target("orders", "production", "acme")]
    said = list(config.contributions(("database", "pool")))
    assert [(each.location.path, each.value) for each in said] == [
        ("tenants/acme/orders.yaml", None),
        ("environments/base/orders.yaml", 20),
    ]
    assert config.winner(("database", "pool")) is None


def test_a_tenant_without_overlays_has_its_environments_values_and_no_copy() -> None:
    configs = configs_of(STORY)
    assert configs[Target("orders", "staging", "bistro")].values is configs[Target("orders", "staging")].values
