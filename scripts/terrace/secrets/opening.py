"""Opening secrets of a repository for one command: the log knows the commit, and who Git says this is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from terrace import git
from terrace.git import Git
from terrace.opening import Keyholder


class Opener(Keyholder):
    """Opens secrets of the repository at `root` for one command. The audit log is never in it."""

    def __init__(self, root: Path, command: str, reason: str, environ: Mapping[str, str]) -> None:
        super().__init__(command, reason, environ, repository=root)
        self._root = root

    @property
    def commit(self) -> str:
        """The commit that is checked out; empty outside of Git."""
        return self._said[0]

    @property
    def identity(self) -> str:
        """The name and address that Git would put into a commit; empty where it has none. It proves nothing."""
        return self._said[1]

    @cached_property
    def _said(self) -> tuple[str, str]:
        found = git.find(self._root)
        if found is None:
            return "", ""
        head = found.head()
        return head.oid if head else "", _identity(found)


def _identity(found: Git) -> str:
    answer = found.attempt("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")
    name, closed, _ = answer.out.decode("utf-8", "replace").partition(">")
    return name + closed if answer.code == 0 else ""
