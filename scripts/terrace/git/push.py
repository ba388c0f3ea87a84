"""A branch given to the repository that this one was cloned from, and fetched from there."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from terrace.errors import GitError
from terrace.git import process

if TYPE_CHECKING:
    from terrace.git.repository import Git

SECONDS = 60
"""A remote that has not answered by then counts as away."""

_TRANSPORTS = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "GIT_SSH_VARIANT": "auto"}
_PROGRAMS = (
    r"^(core\.(sshcommand|gitproxy|askpass)|credential\.(.*\.)?helper|remote\..*\.(receivepack|uploadpack|vcs))$"
)
_BEHIND = ("fetch first", "non-fast-forward", "[rejected]")
_DECLINED = ("[remote rejected]", "hook declined", "protected branch")


class BehindError(GitError):
    """The remote's branch has commits that are not in what was pushed."""


class DeclinedError(GitError):
    """The remote is there, and does not take this: its branch is protected, or a hook of it says no."""


def remote_of(git: Git, branch: str) -> str:
    """The remote that `branch` is pushed to, as Git chooses it; empty where there is none."""
    for setting in (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote"):
        named = _setting(git, setting)
        if named and named != ".":
            return named
    remotes = git.run("remote").decode().split()
    return "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else ""


def upstream_of(git: Git, branch: str) -> str:
    """What the remote calls the branch."""
    return _setting(git, f"branch.{branch}.merge").removeprefix("refs/heads/") or branch


def url_of(git: Git, remote: str) -> str:
    """Where the remote is pushed to."""
    answer = git.attempt("remote", "get-url", "--push", remote)
    return os.fsdecode(answer.out).strip() if not answer.code else ""


def push(git: Git, remote: str, branch: str, to: str = "", *, commit: str = "", seconds: float = SECONDS) -> None:
    """Give `branch`, or the `commit`, to the remote, under the name `to`. Nothing there is ever overwritten.

    A `BehindError` or `DeclinedError` where the remote does not take it; a `GitError` where it is away.
    """
    _refuse_programs(git)
    specification = f"{commit or f'refs/heads/{branch}'}:refs/heads/{to or branch}"
    complaint = _asked(git, remote, seconds, "push", "--quiet", "--no-verify", "--", remote, specification)
    if complaint is not None:
        kind = GitError
        if any(word in complaint for word in _DECLINED):
            kind = DeclinedError
        elif any(word in complaint for word in _BEHIND):
            kind = BehindError
        raise kind(f"the remote {remote!r} did not take {to or branch}: {_first(complaint)}", hint=_hint(complaint))


def fetch(git: Git, remote: str, branch: str) -> None:
    """Bring the remote's branch here, to where this repository notes it. An error where the remote is away."""
    _refuse_programs(git)
    specification = f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}"
    how = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
    complaint = _asked(git, remote, SECONDS, "fetch", *how, "--", remote, specification)
    if complaint is not None:
        raise GitError(
            f"{branch} cannot be fetched from the remote {remote!r}: {_first(complaint)}",
            hint="It is asked again when its time comes.",
        )


def _asked(git: Git, remote: str, seconds: float, *arguments: str) -> str | None:
    """What Git complained of; None where it did not."""
    command = process.command(git.root, *arguments)
    try:
        ended = subprocess.run(
            command,
            env=process.surroundings(_TRANSPORTS),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"the remote {remote!r} has not answered for {seconds:g} s") from error
    return ended.stderr.decode("utf-8", "backslashreplace").strip() if ended.returncode else None


def _refuse_programs(git: Git) -> None:
    """Refuse to run what the repository itself names; what its owner set for all of theirs is theirs."""
    for scope in ("--local", "--worktree"):
        named = git.attempt("config", scope, "--name-only", "--get-regexp", _PROGRAMS)
        if named.out and not named.code:
            raise GitError(
                f"this repository's own configuration names a program to push with ({named.out.decode().split()[0]})",
                hint="Push by hand, or move that setting to your own configuration (git config --global).",
            )


def _setting(git: Git, name: str) -> str:
    return os.fsdecode(git.attempt("config", "--get", name).out).strip()


def _first(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip() and not line.startswith("hint:")]
    said = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "!", "ssh:"))]
    return (said or lines or ["it did not say why"])[0].removeprefix("fatal: ").removeprefix("error: ")


def _hint(complaint: str) -> str:
    if any(word in complaint for word in _BEHIND):
        return "The remote has commits that are not here: git pull --rebase, then git push."
    return "Push it when the remote is there again: git push"
