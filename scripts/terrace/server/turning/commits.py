"""The state of a branch: the commit that it is at. The work tree is neither looked at nor touched."""

from __future__ import annotations

import os
from pathlib import Path

from terrace import load
from terrace.errors import GitError, SourceError
from terrace.git import Commit, Git, find
from terrace.server.turning.edits import TOP
from terrace.server.turning.notices import Watched
from terrace.server.turning.wanted import short, tip
from terrace.source import Source
from terrace.source.content import Names
from terrace.source.revision import Revision
from terrace.source.worktree import CONTENT

State = dict[str, str]
LOOK = 1.0
_COMMIT = "commit"


class Commits:
    """A branch that is followed, local or of a remote. Whoever fetches or pushes moves it."""

    look = LOOK
    """Seconds between questions to Git, for events that were lost."""
    lasts = True
    """A commit stays what it is while it is turned. What comes meanwhile is turned after it."""

    def __init__(self, folder: Path, ref: str) -> None:
        self._folder, self._ref = folder, ref
        self._known: Git | None = None
        self._last = Commit("", "", "")

    def state(self) -> State:
        """The commit the branch is at. An error where it is gone."""
        commit = tip(self._git, self._ref)
        if not commit:
            raise GitError(f"there is no branch {short(self._ref)!r} any more", hint="It is followed again once it is.")
        return {_COMMIT: commit}

    def source(self, state: State, names: Names) -> Source:
        """What the commit holds."""
        found = self._resolved(state)
        return Revision(self._folder.resolve(), self._git, found, found.oid)

    def watched(self) -> list[Watched]:
        """The folders in which Git notes where branches are, in each of its ways."""
        said = os.fsdecode(self._git.run("rev-parse", "--git-common-dir")).removesuffix("\n")
        place = self._git.root / said
        return [
            Watched((place / "refs", place / "reftable"), True, lambda path: not path.endswith(".lock")),
            Watched((place,), False, lambda path: path.endswith("/packed-refs")),
        ]

    def reason(self, before: State | None, now: State) -> str:
        """For the release log: which commit of which branch this is."""
        found = self._resolved(now)
        return f"{short(self._ref)} at {found.oid[:12]}: {found.subject}"

    def is_of_flags(self, before: State, now: State) -> bool:
        """Whether nothing but flags can be other ones in `now`: configuration is as it was."""
        git = self._git
        read = [f"{git.prefix}/{path}" if git.prefix else path for path in (*CONTENT, *TOP)]
        changed = git.attempt("diff-tree", "-r", "-z", "--name-only", before[_COMMIT], now[_COMMIT], "--", *read)
        paths = [os.fsdecode(path).removeprefix(f"{git.prefix}/") for path in changed.out.split(b"\0") if path]
        # What a rewritten branch has lost cannot be compared with.
        return not changed.code and all(map(load.is_of_flags, paths))

    def at(self, state: State) -> str | None:
        """The commit to read."""
        return state[_COMMIT]

    def _resolved(self, state: State) -> Commit:
        if self._last.oid != state[_COMMIT]:
            self._last = self._git.resolve(state[_COMMIT])
        return self._last

    @property
    def _git(self) -> Git:
        if self._known is None:
            self._known = find(self._folder)
        if self._known is None:
            raise SourceError(f"{self._folder} is not in a Git repository any more")
        return self._known
