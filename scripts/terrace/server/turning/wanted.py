"""What is to be followed: a work tree or a branch, and the environments that it is released to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from terrace.errors import RefusedError, SourceError, UsageError
from terrace.git import Git, find
from terrace.model.closest import named
from terrace.views import environments_of

WORKTREE = "worktree"


class Wanted(NamedTuple):
    """What `--repo`, `--follow` and `--env` said. `ref` is a branch's full name, empty for the work tree.

    `own` is the folder of this server below the repository's `.terrace`, `actor` who started it. `poll` are the seconds
    between two questions to the remote of the branch (0: none), `override_hours` how long a kill counts without it.
    """

    folder: str
    ref: str
    environments: tuple[str, ...]
    own: str
    actor: str
    poll: float = 0.0
    override_hours: float = 24.0

    @property
    def name(self) -> str:
        """What is followed, as people say it."""
        return short(self.ref) if self.ref else WORKTREE


def short(ref: str) -> str:
    """A branch as people name it."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")


def full_name(git: Git, name: str) -> str:
    """The full name of the branch `name`, a local one before one of a remote. Refuses what never moves."""
    tried = [name] if name.startswith("refs/") else [f"refs/heads/{name}", f"refs/remotes/{name}"]
    for ref in tried:
        if ref.startswith(("refs/heads/", "refs/remotes/")) and tip(git, ref):
            return ref
    listed = git.run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes").decode().split()
    there = f"There are: {', '.join(listed[:8])}." if listed else "It has no branches yet."
    raise UsageError(f"--follow: there is no branch {name!r}", hint=f"{there} Or follow the work tree: {WORKTREE}")


def tip(git: Git, ref: str) -> str:
    """The commit that a branch is at; empty where there is none."""
    answer = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return answer.out.decode("ascii", "replace").strip() if answer.code == 0 else ""


def chosen(folder: Path, follow: str, environments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The full name of what is followed, and the environments; or an error that says why this may not be."""
    ref = ""
    if follow != WORKTREE:
        git = find(folder)
        if git is None:
            raise SourceError(f"{folder} is not in a Git repository, so it has no branch {follow!r}")
        ref = full_name(git, follow)
    known = environments_of(folder, at=ref or None)
    wanted = [named(name, known, "environment") for name in dict.fromkeys(environments)]
    for environment in wanted:
        if not environment.destinations:
            raise UsageError(f"{environment.name} has no destination", hint="Name one in its environment.yaml.")
        if not ref and not follows_edits(environment.kind, protected=environment.protected):
            raise RefusedError(
                f"edits are released to development environments only, and {environment.name} is not one",
                hint="Follow a branch: --follow main",
            )
    return ref, tuple(environment.name for environment in wanted)


def follows_edits(kind: str, *, protected: bool) -> bool:
    """Whether what nobody has committed may be released to such an environment."""
    return kind == "development" and not protected
