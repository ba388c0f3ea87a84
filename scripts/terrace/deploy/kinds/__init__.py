"""The kinds of destination: one file each, named for the key of `destinations` in environment.yaml that chooses it.

Such a file gives two things:

    SCHEMA                       a JSON Schema of the whole entry, which requires the key
    destination(config, root)    the `Destination` that an entry describes; paths in it are relative to `root`

It imports late, inside of `destination`: every validation looks at the schemas, and only a deployment delivers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from terrace.errors import DestinationError

if TYPE_CHECKING:
    from pathlib import Path

    from terrace.deploy.destination import Destination


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    names = [name for folder in __path__ for name in os.listdir(folder)]  # noqa: PTH208 - pathlib costs start-up time
    return tuple(sorted(name[:-3] for name in names if name.endswith(".py") and not name.startswith("_")))


def schema() -> dict[str, Any]:
    """What may stand in an entry of `destinations`, as a JSON Schema."""
    found = [_module(kind).SCHEMA for kind in kinds()]
    return found[0] if len(found) == 1 else {"oneOf": found}


def kind_of(config: Mapping[str, Any]) -> str:
    """The kind that an entry of `destinations` chooses."""
    known = [kind for kind in kinds() if kind in config]
    if len(known) != 1:
        said = ", ".join(sorted(config)) or "nothing"
        hint = f"Give one of: {', '.join(kinds())}."
        raise DestinationError(f"a destination of this kind is not known: {said}", hint=hint)
    return known[0]


def address(config: Mapping[str, Any]) -> str:
    """Where an entry of `destinations` leads, as people know it: what stands at the key of its kind."""
    return next((str(config[kind]) for kind in kinds() if kind in config), "")


def open_destination(config: Mapping[str, Any], root: Path) -> Destination:
    """The destination that `config` describes; a path in it is relative to `root`, the folder of the repository."""
    found: Destination = _module(kind_of(config)).destination(config, root)
    return found


def _module(kind: str) -> Any:
    return import_module(f"terrace.deploy.kinds.{kind}")
