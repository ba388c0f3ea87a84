"""A folder that services read: `directory: .terrace/releases/production`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from terrace.errors import DestinationError

if TYPE_CHECKING:
    from pathlib import Path

    from terrace.deploy.directory import DirectoryDestination

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["directory"],
    "properties": {"directory": {"type": "string", "minLength": 1}},
}


def destination(config: Mapping[str, Any], root: Path) -> DirectoryDestination:
    """The folder, relative to `root` if it is not absolute."""
    from terrace.deploy.directory import DirectoryDestination

    folder = config["directory"]
    if not isinstance(folder, str) or not folder:
        raise DestinationError("the directory of a destination is not a path", hint="Give `directory: <path>`.")
    return DirectoryDestination(root / folder)
