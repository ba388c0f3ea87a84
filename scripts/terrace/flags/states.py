"""What holds for a flag in an environment that its file may not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from terrace.model.entities import Environment
from terrace.model.flag import Flag


def named_for(flag: Flag, environment: str, environments: Mapping[str, Environment]) -> str:
    """The environment whose state a flag takes in one: itself, or the nearest it extends; empty where it is in none."""
    return next((name for name in lineage(environment, environments) if name in flag.states), "")


def reached(flag: Flag, state: str, environments: Mapping[str, Environment]) -> list[str]:
    """The environments that take the state that the file gives for one of them."""
    return [name for name in environments if named_for(flag, name, environments) == state]


def lineage(environment: str, environments: Mapping[str, Environment]) -> Iterator[str]:
    """An environment, the one it extends, and so on."""
    seen: set[str] = set()
    while environment and environment not in seen:
        yield environment
        seen.add(environment)
        found = environments.get(environment)
        environment = found.extends if found else ""
