"""An application and a bundle of different versions of the contract."""

from __future__ import annotations

import pytest

from terrace.runtime import ConfigError
from tests.runtime.conftest import World
from tests.runtime.kitchen import Kitchen, NewerKitchen, OlderKitchen


def test_keys_of_a_newer_contract_are_left_out_and_reported(world: World) -> None:
    world.deploy({"replicas": ["a.svc", "b.svc"]}, model=NewerKitchen, greeting="hello")
    status = world.watch(Kitchen).status
    assert set(status.unknown) == {"database.replicas", "greeting"}
    assert status.state == "ok"


def test_a_key_that_neither_knows_is_refused_with_both_versions(world: World) -> None:
    world.deploy({"replica": "a.svc"})
    with pytest.raises(ConfigError) as caught:
        world.watch(NewerKitchen)
    (problem,) = caught.value.problems
    assert problem.path == "database.replica"
    assert "(3.0.0)" in problem.message
    assert "(2.0.0)" in problem.message


def test_what_is_missing_is_refused_with_both_versions(world: World) -> None:
    world.deploy({"host": None}, model=OlderKitchen)
    folder = world.seal(model=OlderKitchen)
    assert folder.is_dir()
    with pytest.raises(ConfigError) as caught:
        world.watch(Kitchen)
    assert "database.host" in str(caught.value)


def test_a_field_that_only_this_application_requires_is_named(world: World) -> None:
    class Stricter(Kitchen):
        region: str

    world.deploy()
    with pytest.raises(ConfigError) as caught:
        world.watch(Stricter)
    (problem,) = caught.value.problems
    assert problem.path == "region"
    assert (
        problem.message == "nothing sets it, and this application requires it (contract 2.0.0; the bundle's is 2.0.0)"
    )
