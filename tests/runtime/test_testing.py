"""What tests of applications are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from terrace.errors import ConfigError, UsageError
from terrace.runtime.testing import handle_of, override
from tests.runtime.kitchen import Kitchen

VALUES: dict[str, Any] = {"database": {"host": "db.test", "password": "only-for-tests"}}


def test_a_handle_without_a_destination() -> None:
    handle = handle_of(Kitchen, VALUES, tenants={"acme": {"database": {"pool_max": 50}}})
    assert handle.current.database.pool_max == 10
    assert handle.for_tenant("acme").database.pool_max == 50
    assert "only-for-tests" not in repr(handle.current)


def test_other_values_within_a_block_and_the_old_ones_after_it() -> None:
    handle = handle_of(Kitchen, VALUES)
    before = handle.current
    with override(handle, {"database.pool_max": 3, "database.password": "another-one"}) as config:
        assert handle.current is config
        assert (config.database.pool_max, config.database.host) == (3, "db.test")
        assert config.database.password.get_secret_value() == "another-one"
        with override(handle, {"debug": True}):
            assert (handle.current.debug, handle.current.database.pool_max) == (True, 3)
    assert handle.current is before


def test_for_one_tenant_only() -> None:
    handle = handle_of(Kitchen, VALUES, tenants={"acme": {}, "bolt": {}})
    with override(handle, {"debug": True}, tenant="acme"):
        assert [handle.for_tenant("acme").debug, handle.for_tenant("bolt").debug, handle.current.debug] == [
            True, False, False,
        ]  # fmt: skip


def test_a_value_that_the_model_refuses_is_an_error_and_leaves_everything() -> None:
    handle = handle_of(Kitchen, VALUES)
    with pytest.raises(ConfigError, match="pool_max"), override(handle, {"database.pool_max": 900}):
        pass
    assert handle.current.database.pool_max == 10


def test_a_path_that_leads_nowhere_is_an_error() -> None:
    handle = handle_of(Kitchen, VALUES)
    with pytest.raises(UsageError, match=r"no database\.pool in app"), override(handle, {"database.pool": 900}):
        pass


def test_the_fixture_of_the_plugin(terrace_override: Callable[..., Any]) -> None:
    handle = handle_of(Kitchen, VALUES)
    terrace_override(handle, {"debug": True})
    assert handle.current.debug
