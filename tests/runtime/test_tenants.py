"""A pooled service: every tenant's configuration from one revision, read when it is asked for."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest

from terrace.audit import Log
from terrace.runtime import ConfigError
from tests.runtime.conftest import PASSWORD, World

TENANTS: dict[str, Any] = {"acme": {"pool_max": 50}, "bolt": None, "crab": None}


def test_each_tenant_has_its_own_values_and_secrets(world: World) -> None:
    own = {"acme": {"database": {"password": "acme-password-1"}}}
    world.deploy(tenants=TENANTS, tenant_secrets=own)
    handle = world.watch()
    assert handle.for_tenant("acme").database.pool_max == 50
    assert handle.for_tenant("acme").database.password.get_secret_value() == "acme-password-1"
    assert handle.for_tenant("bolt").database.password.get_secret_value() == PASSWORD


def test_tenants_that_change_nothing_share_one_object(world: World) -> None:
    world.deploy(tenants=TENANTS)
    handle = world.watch()
    assert handle.for_tenant("bolt") is handle.for_tenant("crab") is handle.current


def test_a_tenant_s_secrets_are_opened_when_it_is_asked_for(world: World) -> None:
    own = {"acme": {"database": {"password": "acme-password-1"}}}
    world.deploy(tenants=TENANTS, tenant_secrets=own)
    handle = world.watch()
    assert len(list(Log(world.audit).read())) == 1
    handle.for_tenant("acme")
    handle.for_tenant("acme")
    assert len(list(Log(world.audit).read())) == 2


def test_a_tenant_that_is_not_there_is_an_error_that_names_it(world: World) -> None:
    world.deploy(tenants=TENANTS)
    with pytest.raises(ConfigError, match="kitchen in production has no tenant 'dune'"):
        world.watch().for_tenant("dune")


def test_a_revision_stays_itself_while_a_newer_one_runs(world: World) -> None:
    world.deploy(tenants=TENANTS)
    handle = world.watch()
    before = handle.revision
    world.deploy({"pool_max": 12}, tenants=TENANTS)
    assert handle.refresh()
    assert before.for_tenant("bolt").database.pool_max == 10
    assert handle.for_tenant("bolt").database.pool_max == 12


def test_a_tenant_that_was_read_is_judged_before_the_exchange(world: World) -> None:
    world.deploy(tenants=TENANTS)
    handle = world.watch()
    handle.for_tenant("acme")
    world.deploy({"pool_max": 12}, tenants={**TENANTS, "acme": {"pool_max": 999}})
    assert not handle.refresh()
    assert handle.current.database.pool_max == 10
    assert "for acme is not right" in handle.status.refused.reason


def test_a_change_says_which_tenants_it_reaches(world: World) -> None:
    world.deploy(tenants=TENANTS)
    handle = world.watch()
    handle.for_tenant("acme"), handle.for_tenant("bolt")
    changes: list[Any] = []
    handle.on_change(changes.append)
    world.deploy(tenants={**TENANTS, "acme": {"pool_max": 51}})
    handle.refresh()
    (change,) = changes
    assert (change.paths, change.tenants) == ((), {"acme": ("database.pool_max",)})


def test_many_threads_may_ask_for_tenants_at_once(world: World) -> None:
    world.deploy(tenants={f"t{number}": {"pool_max": number + 1} for number in range(40)})
    handle = world.watch()
    seen: list[Any] = []

    def ask() -> None:
        seen.extend((number, handle.for_tenant(f"t{number}")) for number in range(40))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(config.database.pool_max == number + 1 for number, config in seen)
    assert len({id(config) for _, config in seen}) == 40
