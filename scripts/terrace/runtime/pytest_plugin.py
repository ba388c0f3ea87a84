"""The pytest plugin: fixtures for tests of applications that take their configuration from a handle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from terrace.runtime.handle import Handle


@pytest.fixture
def terrace_override() -> Iterator[Callable[..., Any]]:
    """`terrace_override(handle, {"database.pool_max": 3}, tenant="acme")`: until the test ends."""
    with ExitStack() as stack:

        def until_the_test_ends(handle: Handle[Any], values: Mapping[str, Any], *, tenant: str | None = None) -> Any:
            from terrace.runtime.testing import override

            return stack.enter_context(override(handle, values, tenant=tenant))

        yield until_the_test_ends
