"""Flags are a stream of their own: what goes back with configuration, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from terrace.deploy.destination import Moved
from terrace.errors import DestinationError, HeldError
from terrace.model.flag import STREAM
from tests.deploy.conftest import Build, Deploy

FLAGS_TOO = Moved(flags=True)
FLAGS_ONLY = Moved(config=False, flags=True)


@pytest.fixture
def flags(build: Build) -> Any:
    """Seals the flags of an environment, of which there is one, in the state that is given."""
    return lambda state: build({"limits": {"checkout": state}}, service=STREAM)


@pytest.fixture
def config(build: Build) -> Any:
    """Seals configuration with a pool of that size."""
    return lambda size: build({"database": {"pool": size}})


def _runs(deploy: Deploy, service: str) -> str:
    return deploy.destination.current()[service].digest


def _digest(folder: Path) -> str:
    from terrace.bundle import open_bundle

    return open_bundle(folder).ref.digest


def test_a_rollback_of_configuration_leaves_a_kill_switch_thrown(deploy: Deploy, config: Any, flags: Any) -> None:
    """The flags were released after the configuration that is bad, and stay."""
    first, thrown = config(1), flags(0)
    deploy(first, flags(1))
    deploy(config(2), flags(1))
    deploy(thrown)
    deploy.back()
    assert (_runs(deploy, "backend"), _runs(deploy, STREAM)) == (_digest(first), _digest(thrown))


def test_a_rollback_of_flags_leaves_configuration(deploy: Deploy, config: Any, flags: Any) -> None:
    """And goes back one release of flags."""
    new, on = config(2), flags(1)
    deploy(config(1), on)
    deploy(flags(0))
    deploy(new)
    deploy.back(streams=FLAGS_ONLY)
    assert (_runs(deploy, "backend"), _runs(deploy, STREAM)) == (_digest(new), _digest(on))


def test_with_flags_they_become_those_that_ran_with_the_configuration(deploy: Deploy, config: Any, flags: Any) -> None:
    """Two releases of flags came since, and both are undone."""
    first, then = config(1), flags(1)
    deploy(first, then)
    deploy(config(2), flags(2))
    deploy(flags(3))
    deploy.back(streams=FLAGS_TOO)
    assert (_runs(deploy, "backend"), _runs(deploy, STREAM)) == (_digest(first), _digest(then))


def test_with_flags_to_a_digest_they_are_those_of_its_time(deploy: Deploy, config: Any, flags: Any) -> None:
    """The digest is that of a configuration three releases ago."""
    first, then = config(1), flags(1)
    deploy(first, then)
    deploy(flags(2))
    deploy(config(2))
    deploy(config(3))
    deploy.back(to=_digest(first), streams=FLAGS_TOO)
    assert (_runs(deploy, "backend"), _runs(deploy, STREAM)) == (_digest(first), _digest(then))


def test_undoing_the_latest_release_means_the_latest_of_configuration(deploy: Deploy, config: Any, flags: Any) -> None:
    """A release of flags alone is no release of configuration."""
    first = config(1)
    deploy(first, flags(1))
    deploy(config(2))
    deploy(flags(2))
    result = deploy.back()
    assert [each.service for each in result.services] == ["backend"]
    assert _runs(deploy, "backend") == _digest(first)


def test_flags_that_were_taken_back_are_held(deploy: Deploy, config: Any, flags: Any) -> None:
    """And configuration is not kept out by that."""
    deploy(config(1), flags(1))
    deploy(flags(0))
    deploy.back(streams=FLAGS_ONLY)
    with pytest.raises(HeldError, match="brings back"):
        deploy(flags(0))
    deploy(config(2))


def test_without_earlier_flags_it_says_so(deploy: Deploy, config: Any, flags: Any) -> None:
    """Flags are named, not configuration."""
    deploy(config(1), flags(1))
    with pytest.raises(DestinationError, match="no earlier flags to go back to"):
        deploy.back(streams=FLAGS_ONLY)
