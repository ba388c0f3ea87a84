"""Where bundles go. A destination is chosen by what `environment.yaml` says: `destinations: [{directory: path}]`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace.deploy.changes import LeafChange
from terrace.deploy.destination import Delivery, Destination, RollbackResult, ServiceRollback
from terrace.deploy.steps import Step
from terrace.errors import DestinationError

if TYPE_CHECKING:
    from terrace.deploy.directory import DirectoryDestination

__all__ = [
    "Delivery", "Destination", "LeafChange", "RollbackResult", "ServiceRollback", "Step", "open_destination",
]  # fmt: skip


def open_destination(config: Mapping[str, Any], root: Path) -> DirectoryDestination:
    """The destination that `config` describes; a path in it is relative to `root`, the folder of the repository."""
    from terrace.deploy.directory import DirectoryDestination

    directory = config.get("directory")
    if not isinstance(directory, str) or not directory:
        kinds = ", ".join(sorted(config)) or "nothing"
        raise DestinationError(f"a destination of this kind is not known: {kinds}", hint="Give `directory: <path>`.")
    return DirectoryDestination(root / directory)
