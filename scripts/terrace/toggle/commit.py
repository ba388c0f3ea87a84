"""A toggle as a commit of its own. Whoever is overtaken does the edit again on what is there now, and loses nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any, NamedTuple

from terrace import yamlio
from terrace.errors import GitError, RefusedError
from terrace.git import Commit, Git, find
from terrace.git.advance import OvertakenError, Tip, advance, alone, tip
from terrace.source.revision import Revision
from terrace.toggle.action import Action
from terrace.toggle.work import Toggle, refuse, work_out

_TRIES = 100
"""Only who commits with Git itself can overtake us; so often in a row nobody does."""


class ConflictError(RefusedError):
    """What was to be toggled is not any more as it was when somebody looked at it.

    `difference` is what changed in the meantime, as a unified diff; `commit` is where the branch is now.
    """

    def __init__(self, message: str, difference: str, commit: str) -> None:
        super().__init__(message, hint="Look again, and decide then.")
        self.difference = difference
        self.commit = commit

    @property
    def whole(self) -> str:
        """The message, and what changed."""
        return f"{self.message}\n{self.difference}".rstrip()


class Made(NamedTuple):
    """The commit, its branch, and the toggle as it was made. `changed` is false where somebody had done it already."""

    commit: Commit
    branch: str
    toggle: Toggle
    changed: bool = True


def commit(
    folder: Path, found: Toggle, message: str, *, branch: str = "", base: str = "", git: Git | None = None
) -> Made:
    """Make a toggle a commit on `branch` (the one that is checked out, if none is named), and on no other.

    Where the branch has moved since it was worked out, it is worked out anew. `base` is the commit that somebody looked
    at: what changed there since is a ConflictError, if it is of the same flag in the same environment. `git` is the
    repository, for who commits in somebody's name.
    """
    git = git or repository(folder)
    with alone(git):
        for _ in range(_TRIES):
            at = tip(git, branch)
            if base:
                refuse_conflict(git, found, base, at.commit)
            again = found if found.commit == at.commit else redone(folder, git, found, at)
            refuse(again)
            if not again.changes:
                return Made(git.resolve(at.commit), at.branch, again, changed=False)
            try:
                return Made(advance(git, at, from_root(git, again.files), message), at.branch, again)
            except OvertakenError:
                time.sleep(random.uniform(0.001, 0.02))
    raise GitError(f"the branch {at.branch!r} moves all the time", hint="Try again when nobody else commits to it.")


def repository(folder: Path) -> Git:
    """The Git repository that the folder is in."""
    git = find(folder)
    if git is None:
        raise RefusedError(f"{folder} is not in a Git repository, so nothing can be committed", hint="git init")
    return git


def from_root(git: Git, files: Mapping[str, str]) -> dict[str, str]:
    """The files by their paths in the Git repository, of which the configuration may be a folder."""
    return {f"{git.prefix}/{path}" if git.prefix else path: text for path, text in files.items()}


def redone(folder: Path, git: Git, found: Toggle, at: Tip) -> Toggle:
    """The same toggle, worked out from where the branch is now."""
    return at_commit(folder, git, at.commit, found.action)


def at_commit(folder: Path, git: Git, oid: str, action: Action) -> Toggle:
    """What an action does to a commit, which is named by its whole id."""
    return work_out(Revision(folder.resolve(), git, Commit(oid, "", ""), oid), action, oid)


def refuse_conflict(git: Git, found: Toggle, base: str, now: str) -> None:
    """Raise a ConflictError where the flag in its environment is another one at the commit `now` than at `base`."""
    if base == now:
        return
    action = found.action
    (path,) = from_root(git, {found.path: ""})
    before, after = (_concerned(git, commit, path, action) for commit in (base, now))
    if before == after:
        return
    lines = unified_diff(
        before.splitlines(), after.splitlines(), f"{action.flag} at {base[:12]}", f"{action.flag} now", lineterm=""
    )
    where = f" in {action.environment}" if action.environment else ""
    raise ConflictError(f"{action.flag}{where} was changed in the meantime", "\n".join(lines), now)


def _concerned(git: Git, commit: str, path: str, action: Action) -> str:
    """What a commit holds of that which somebody looked at: the flag, with the environments that the action names."""
    held = git.attempt("cat-file", "blob", f"{commit}:{path}")
    if held.code:
        git.resolve(commit)  # an error of its own where it is the commit that is not there
    document, _ = yamlio.read(path, held.out)
    flag: Any = (document.value.get("flags") or {}).get(action.flag) if document and not held.code else None
    if not isinstance(flag, dict):
        return "(there is no such flag)\n"
    return yamlio.render(_narrow(flag, action) if action.environment else flag)


def _narrow(flag: Mapping[str, Any], action: Action) -> dict[str, Any]:
    states = flag.get("environments")
    named = {action.environment, action.source}
    kept = {name: said for name, said in states.items() if name in named} if isinstance(states, dict) else {}
    if kept.keys() >= named - {""}:
        return {"variants": flag.get("variants"), "environments": kept}
    # What is not named is inherited from one of the others.
    return {"variants": flag.get("variants"), "environments": states}
