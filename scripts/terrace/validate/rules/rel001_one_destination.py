"""# Destination that two environments share

Two environments name the same folder as their destination, or one names a folder inside of the other's.

**Why.** A destination holds the releases of one environment, and their log. The second deployment would be refused, or
would have its releases lie where the first one's destination looks for services; and nobody could tell any more which
environment a reader of that folder is in.

**Fix.** Give each environment a folder of its own, as `.terrace/releases/<environment>`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from terrace.model.entities import Environment, Repository
from terrace.model.findings import Related
from terrace.model.source import Location, Pointer
from terrace.validate.rule import Example, Hit, rule


def _described(kind: str, folder: str) -> str:
    return f"kind: {kind}\ndestinations:\n  - directory: {folder}\n"


_STAGING = "environments/staging/environment.yaml"
_PRODUCTION = "environments/production/environment.yaml"
GOOD = (
    Example({_STAGING: _described("staging", "releases/staging"), _PRODUCTION: _described("production", "releases/p")}),
    Example({_STAGING: _described("staging", "live"), _PRODUCTION: _described("production", "live-2")}),
)
BAD = (
    Example(
        {_STAGING: _described("staging", "live"), _PRODUCTION: _described("production", "./live/")},
        f"{_STAGING}:3",
        "destinations[0].directory",
    ),
    Example(
        {_STAGING: _described("staging", "/srv/live/staging"), _PRODUCTION: _described("production", "/srv/live")},
        f"{_STAGING}:3",
        "destinations[0].directory",
    ),
)


class _Named(NamedTuple):
    """A folder that an environment names, and where."""

    environment: Environment
    folder: str
    location: Location
    pointer: Pointer


@rule("REL001", "destination that two environments share", on="repository")
def check(repository: Repository) -> Iterator[Hit]:
    """Every folder that two environments name, at the later one in the order of names."""
    named = [each for environment in repository.environments.values() for each in _folders(environment)]
    for one, other in combinations(sorted(named, key=lambda each: each.environment.name), 2):
        if one.environment is not other.environment and _meet(one.folder, other.folder):
            first, name = one.environment.name, other.environment.name
            same = one.folder == other.folder
            message = f"{name} and {first} have one destination" if same else f"{name}'s destination and {first}'s meet"
            related = (Related(one.location, f"{first} goes here"),)
            yield Hit(message, other.location, other.pointer, "Give each environment its own folder.", related)


def _folders(environment: Environment) -> Iterator[_Named]:
    said = environment.document.value.get("destinations") if environment.document else None
    for index, entry in enumerate(said if isinstance(said, list) else ()):
        folder = entry.get("directory") if isinstance(entry, dict) else None
        if environment.document and isinstance(folder, str) and folder:
            pointer = ("destinations", index, "directory")
            yield _Named(environment, posixpath.normpath(folder), environment.document.at(pointer), pointer)


def _meet(one: str, other: str) -> bool:
    """Whether two folders are the same, or one is inside of the other."""
    short, long = sorted((one, other), key=len)
    if short == ".":
        return not long.startswith("/") and long.split("/", 1)[0] != ".."
    return long == short or long.startswith(f"{short.rstrip('/')}/")
