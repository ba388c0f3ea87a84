"""Variables of the process: those that the contract allows, typed, judged, and visible by name."""

from __future__ import annotations

import pytest

from terrace.bundle import Facts
from terrace.runtime import ConfigError
from tests.runtime.conftest import World

DEVELOPMENT = Facts("development", protected=False)


def refused(world: World, **variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        world.watch(environ=variables)
    return str(caught.value)


def test_a_variable_that_the_contract_names_overrides_and_is_visible(world: World) -> None:
    world.deploy()
    handle = world.watch(environ={"DATABASE_HOST": "replica.db.svc.cluster.local"})
    assert handle.current.database.host == "replica.db.svc.cluster.local"
    assert handle.status.overridden == {"database.host": "DATABASE_HOST"}


def test_it_overrides_for_every_tenant(world: World) -> None:
    world.deploy(tenants={"acme": {"pool_max": 3}})
    handle = world.watch(environ={"DATABASE_HOST": "replica.db.svc.cluster.local"})
    assert handle.for_tenant("acme").database.host == "replica.db.svc.cluster.local"


def test_in_a_protected_environment_other_variables_are_refused(world: World) -> None:
    world.deploy()
    said = refused(world, KITCHEN__DATABASE__PORT="6000")
    assert "the contract names no variable" in said
    assert "KITCHEN__DATABASE__PORT" in said


def test_elsewhere_a_field_s_place_is_its_variable(world: World) -> None:
    world.deploy(environment="development", facts=DEVELOPMENT)
    handle = world.watch(environ={"TERRACE_ENV": "development", "KITCHEN__DATABASE__PORT": "6000"})
    assert handle.current.database.port == 6000


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("LIMITS", '{"orders": 5}', "limits", {"orders": 5}),
        ("KITCHEN__ORIGINS", '["https://a.example"]', "origins", ["https://a.example"]),
        ("DEBUG", "true", "debug", True),
        ("DATABASE_HOST", "1234", "database.host", "1234"),
    ],
)
def test_text_becomes_what_the_contract_asks_for(world: World, name: str, text: str, path: str, value: object) -> None:
    world.deploy(environment="development", facts=DEVELOPMENT)
    found: object = world.watch(environ={"TERRACE_ENV": "development", name: text}).current
    for part in path.split("."):
        found = getattr(found, part)
    assert found == value


@pytest.mark.parametrize(("name", "text"), [("LIMITS", "orders=5"), ("DEBUG", "yes"), ("DEBUG", "[1]")])
def test_text_that_is_none_of_that_is_refused_without_showing_it(world: World, name: str, text: str) -> None:
    world.deploy(environment="development", facts=DEVELOPMENT)
    said = refused(world, **{"TERRACE_ENV": "development", name: text})
    assert name in said
    assert text not in said


def test_the_result_must_pass_the_model(world: World) -> None:
    world.deploy(environment="development", facts=DEVELOPMENT)
    said = refused(world, TERRACE_ENV="development", KITCHEN__DATABASE__PORT="99999")
    assert "the variable KITCHEN__DATABASE__PORT" in said


@pytest.mark.parametrize(
    ("variables", "code"), [({"DATABASE_HOST": "localhost"}, "LEAK010"), ({"DEBUG": "true"}, "LEAK014")]
)
def test_what_must_not_reach_production_does_not_by_a_variable_either(
    world: World, variables: dict[str, str], code: str
) -> None:
    world.deploy()
    assert code in refused(world, **variables)


def test_elsewhere_it_may(world: World) -> None:
    world.deploy(environment="development", facts=DEVELOPMENT)
    world.watch(environ={"TERRACE_ENV": "development", "DATABASE_HOST": "localhost", "DEBUG": "true"})


def test_a_secret_by_a_variable_does_not_print(world: World) -> None:
    world.deploy()
    assert world.watch(environ={"DATABASE_PASSWORD": "by-variable-9981"}).current.database.password.get_secret_value()
    said = refused(world, DATABASE_PASSWORD="tiny12")
    assert "the variable DATABASE_PASSWORD" in said
    assert "tiny12" not in said


def test_a_name_that_is_nearly_right_is_noticed(world: World) -> None:
    world.deploy(environment="development", facts=DEVELOPMENT)
    handle = world.watch(environ={"TERRACE_ENV": "development", "KITCHEN__DATABASE__PROT": "1"})
    (notice,) = handle.status.noticed
    assert "did you mean KITCHEN__DATABASE__PORT?" in notice
