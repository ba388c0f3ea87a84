"""A toggle put up for review: a branch of its own, pushed where there is a remote, and a pull request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from terrace.errors import GitError, TerraceError
from terrace.git import Commit, Git
from terrace.git.advance import Tip, tip
from terrace.git.push import push, remote_of, upstream_of, url_of
from terrace.source import open_source
from terrace.toggle.action import Action
from terrace.toggle.commit import from_root, redone, repository
from terrace.toggle.work import Toggle, refuse

_ATTEMPTS = 50


class Proposed(NamedTuple):
    """The commit on its branch, the remote that has it (empty: none), and the page of the pull request, if any.

    `problem` kept it from being pushed, or the pull request from being opened: the branch is there all the same.
    """

    commit: Commit
    branch: str
    remote: str = ""
    url: str = ""
    problem: TerraceError | None = None


def propose(
    folder: Path,
    found: Toggle,
    message: str,
    variables: Mapping[str, str],
    *,
    onto: str = "",
    git: Git | None = None,
    at: Tip | None = None,
    remote: str = "",
) -> Proposed:
    """Put a toggle up for review, to be merged into `onto` (the branch that is checked out, if none is named).

    `variables` hold the forge's token. `at` is where the branch is, and `remote` where it is kept, for who follows one
    that is no branch here.
    """
    git = git or repository(folder)
    at = at or tip(git, onto, elsewhere=True)
    again = found if found.commit == at.commit else redone(folder, git, found, at)
    refuse(again)
    branch, made = _branch(git, again, message, at)
    remote = remote or remote_of(git, at.branch)
    if not remote:
        return Proposed(made, branch)
    try:
        push(git, remote, branch)
    except GitError as problem:
        return Proposed(made, branch, problem=problem)
    try:
        url = _request(git, folder, again, message, at, branch, remote, variables)
    except TerraceError as problem:
        return Proposed(made, branch, remote, problem=problem)
    return Proposed(made, branch, remote, url)


def _branch(git: Git, found: Toggle, message: str, at: Tip) -> tuple[str, Commit]:
    """A new branch with the commit; a number behind its name, where there is one of that name."""
    files = from_root(git, found.files)
    name = branch_name(found.action)
    for number in range(1, _ATTEMPTS):
        branch = name if number == 1 else f"{name}-{number}"
        if git.attempt("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").code:
            return branch, git.commit_files(branch, files, message, base=at.commit)
    raise GitError(f"there are too many branches {name}-…", hint="Remove those that are merged.")


def branch_name(action: Action) -> str:
    """The name of the branch for an action: `flags/off-checkout-v2-production`."""
    words = "-".join(filter(None, (action.verb, action.flag, action.environment)))
    return "flags/" + re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-")


def _request(
    git: Git,
    folder: Path,
    found: Toggle,
    message: str,
    at: Tip,
    branch: str,
    remote: str,
    variables: Mapping[str, str],
) -> str:
    source = open_source(folder, at.commit)
    settings = next(iter(source.read(source.entries("pyproject.toml"))), None)
    if not isinstance(settings, bytes) or b"forge" not in settings:
        return ""
    from terrace.forge import forge_of, open_request, token_for

    forge = forge_of(settings)
    if forge is None:
        return ""
    token = token_for(forge, url_of(git, remote), variables)
    title, _, why = message.partition("\n")
    return open_request(
        forge,
        token,
        title=title,
        body=f"{why.strip()}\n\n{_table(found)}",
        head=branch,
        base=upstream_of(git, at.branch),
    ).url


def _table(found: Toggle) -> str:
    """Who gets what, then and now, for those who review it."""
    rows = [f"| {each.environment} | {each.before} | {each.after} |" for each in found.outcomes if each.changed]
    return "\n".join(["| Environment | Before | After |", "|---|---|---|", *rows]) + "\n"
