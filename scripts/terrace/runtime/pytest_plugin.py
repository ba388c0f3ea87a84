"""The pytest plugin: fixtures for tests of applications that take their configuration from a handle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from terrace.runtime.flags import FlagProvider
    from terrace.runtime.handle import Handle


@pytest.fixture
def terrace_override() -> Iterator[Callable[..., Any]]:
    """`terrace_override(handle, {"database.pool_max": 3}, tenant="acme")`: until the test ends."""
    with ExitStack() as stack:

        def until_the_test_ends(handle: Handle[Any], values: Mapping[str, Any], *, tenant: str | None = None) -> Any:
            from terrace.runtime.testing import override

            return stack.enter_context(override(handle, values, tenant=tenant))

        yield until_the_test_ends


@pytest.fixture
def terrace_flags() -> Iterator[Callable[[FlagProvider, Mapping[str, str]], None]]:
    """`terrace_flags(provider, {"menu-allergens": "on"})`: these variants for everybody, until the test ends."""
    with ExitStack() as stack:

        def until_the_test_ends(provider: FlagProvider, variants: Mapping[str, str]) -> None:
            from terrace.runtime.testing import force

            stack.enter_context(force(provider, variants))

        yield until_the_test_ends
