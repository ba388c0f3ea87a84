"""The releases that an environment had, as its destination's log tells them: the one thing read that is no bundle."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from terrace.deploy.directory import DirectoryDestination
from terrace.model.release import Release


def releases(roots: Iterable[Path]) -> list[Release]:
    """The releases of the destinations at `roots`, the newest first."""
    found = [release for root in sorted(set(roots)) for release in DirectoryDestination(root).releases()]
    return sorted(found, key=lambda release: (release.time, release.number), reverse=True)
