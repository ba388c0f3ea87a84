"""What holds for a flag in an environment that its file may not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from terrace.model.entities import Environment, extended
from terrace.model.flag import Flag


def named_for(flag: Flag, environment: str, environments: Mapping[str, Environment]) -> str:
    """The environment whose state a flag takes in one: itself, or the nearest it extends; empty where it is in none."""
    return next((name for name in lineage(environment, environments) if name in flag.states), "")


def reached(flag: Flag, state: str, environments: Mapping[str, Environment]) -> list[str]:
    """The environments that take the state that the file gives for one of them."""
    return [name for name in environments if named_for(flag, name, environments) == state]


def lineage(environment: str, environments: Mapping[str, Environment]) -> Iterator[str]:
    """The name of an environment, of the one it extends, and so on; its own also where there is no such environment."""
    yield environment
    yield from (each.name for each in islice(extended(environments, environment), 1, None))
