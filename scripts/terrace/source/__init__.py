"""Where the bytes of a configuration repository come from: a folder as it is, or a Git revision of it.

Both give the same entries for the same content: symbolic links are followed by one rule, names are shown in one form.
Git is asked only where a revision is read or an origin is wanted; a folder outside of Git does not need it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from terrace.errors import SourceError
from terrace.model.entities import Origin
from terrace.source.entry import Entry, Unreadable, name_problem
from terrace.source.overlay import Overlay
from terrace.source.worktree import WorkTree

__all__ = ["Entry", "Overlay", "Source", "Unreadable", "WorkTree", "name_problem", "open_source"]


class Source(Protocol):
    """A configuration repository that can be listed and read."""

    @property
    def root(self) -> Path:
        """The folder that is, or would be, its work tree."""

    @property
    def origin(self) -> Origin:
        """Which commit this is, and what differs from it. Found out when it is first asked for."""

    def entries(self, folder: str) -> list[Entry]:
        """Everything below `folder`, at any depth, sorted by path; nothing if there is no such folder."""

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of each entry in turn, or why it has none. A file is opened when its turn comes."""


def open_source(folder: Path, at: str | None = None) -> Source:
    """The configuration repository in `folder`: as it is there, or as it was `at` a revision or date."""
    folder = folder.resolve()
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise SourceError(f"{folder} {problem}", hint="Name the folder of the repository: terrace -C DIR ...")
    if at is None:
        return WorkTree(folder)

    from terrace.git import find
    from terrace.source.revision import Revision

    git = find(folder)
    if git is None:
        raise SourceError(f"{folder} is not in a Git repository, so it has no {at!r}", hint="Leave out --at.")
    return Revision(folder, git, git.resolve(at), at)
