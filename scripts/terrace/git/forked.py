"""Where a line of work left the default branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import GitError
from terrace.git.revision import UNSHALLOW

if TYPE_CHECKING:
    from terrace.git.repository import Git


class Fork(NamedTuple):
    """The commit that both have, and the default branch; empty where there is none: the commit is `head` itself."""

    commit: str
    branch: str


def forked(git: Git, head: str = "HEAD") -> Fork:
    """The newest commit that the default branch and `head` (a revision) have in common."""
    commit = git.resolve(head).oid
    branch = default_branch(git)
    if not branch:
        return Fork(commit, "")
    answer = git.attempt("merge-base", _ref(branch), commit)
    if answer.code:
        beyond = f" This clone is cut off: {UNSHALLOW}" if git.shallow else ""
        raise GitError(f"{head} and {branch} have no commit in common", hint=f"Say what to compare with.{beyond}")
    return Fork(answer.out.decode("ascii").split()[0], branch)


def default_branch(git: Git) -> str:
    """The branch that others begin from: the one of `origin`, as it was fetched last, else `main` or `master`."""
    said = git.attempt("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    named = [said.out.decode("utf-8", "replace").strip()] if said.code == 0 else []
    for name in [*named, "origin/main", "origin/master", "main", "master"]:
        if git.attempt("rev-parse", "--verify", "--quiet", f"{_ref(name)}^{{commit}}").code == 0:
            return name
    return ""


def _ref(branch: str) -> str:
    return f"refs/remotes/{branch}" if branch.startswith("origin/") else f"refs/heads/{branch}"
