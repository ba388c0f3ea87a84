"""Where the secrets of a whole repository stand: its files, their ledgers, Git and the register put together."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from terrace import load
from terrace.model.closest import named
from terrace.source import open_source

if TYPE_CHECKING:
    from terrace.secrets.standing import Standing


def overview(root: Path, today: date, *, environment: str | None = None) -> list[Standing]:
    """Every secret of an environment, or of all, in promotion order."""
    from terrace.git import find
    from terrace.secrets.referenced import referenced
    from terrace.secrets.standing import places, standings

    tree = load.Tree(open_source(root))
    repository = load.common(tree)
    if environment is not None:
        named(environment, repository.environments, "environment")
    tenants = list(load.tenants(tree, tree.tenants))
    found = list(places(repository, tenants, environment))
    by_reference = referenced(repository, tenants, today, environment)
    return standings(repository, found, today, git=find(root)) + by_reference
