"""A branch of a remote that is followed: fetched, and toggles pushed to it; nothing there is ever overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import GitError
from terrace.git.branch import written
from terrace.git.push import SECONDS, BehindError, fetch, push
from terrace.server.turning.wanted import tip
from terrace.toggle.commit import from_root

if TYPE_CHECKING:
    from terrace.git import Git
    from terrace.toggle import Toggle

_TRIES = 50
_REMOTES = "refs/remotes/"


class Remote(NamedTuple):
    """A branch by its name there, and the remote that has it."""

    name: str
    branch: str

    @property
    def ref(self) -> str:
        """Where this repository notes it."""
        return f"{_REMOTES}{self.name}/{self.branch}"

    def fetch(self, git: Git) -> None:
        """Bring it here."""
        fetch(git, self.name, self.branch)

    def push(
        self, git: Git, work_out: Callable[[], Toggle], message: str, seconds: float = SECONDS
    ) -> tuple[str, bool]:
        """The commit of a toggle at the branch's tip, pushed, and whether there was anything to do.

        Who was overtaken by others works it out anew on what they pushed. `work_out` refuses what must not be.
        """
        for _ in range(_TRIES):
            found = work_out()
            if not found.changes:
                return found.commit, False
            oid = written(git, from_root(git, found.files), message, found.commit)
            try:
                push(git, self.name, self.branch, commit=oid, seconds=seconds)
            except BehindError:
                self.fetch(git)
                continue
            if tip(git, self.ref) != oid:
                git.run("update-ref", "-m", "terrace: pushed", self.ref, oid)
            return oid, True
        raise GitError(f"{self.branch} of {self.name!r} moves all the time", hint="Try again in a minute.")


def remote_of(git: Git, ref: str) -> Remote | None:
    """The remote's branch that `ref` notes; None for a branch that is here."""
    if not ref.startswith(_REMOTES):
        return None
    rest = ref.removeprefix(_REMOTES)
    named = [name for name in git.run("remote").decode().split() if rest.startswith(f"{name}/")]
    if not named:
        return None
    name = max(named, key=len)
    return Remote(name, rest.removeprefix(f"{name}/"))
