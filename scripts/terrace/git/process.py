"""One `git` process, run so that a repository cannot make it execute anything, and what it answered.

A repository is data from somebody else. Its hooks, file system monitor, pagers and transports are switched off here;
its filters where a command would run them (`Git.dirty`). The folder decides which repository is meant: `GIT_DIR` and
its kin, which Git sets for hooks, are not passed on. In a hook, the repository that is being committed to is found
through its folder, like any other.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from terrace.errors import GitError

SWITCHES = (
    "--no-pager",
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
)
"""Given before every command. Configuration on the command line wins over the repository's."""

SETTINGS = {
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone fetches what it lacks by commands that its configuration names
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit means the same to everyone
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",  # we read some of Git's messages
}

MISLEADING = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_ATTR_SOURCE",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_EXTERNAL_DIFF",
        "GIT_GLOB_PATHSPECS",
        "GIT_GRAFT_FILE",
        "GIT_ICASE_PATHSPECS",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    )
)
"""Inherited variables that would make Git look elsewhere, or read what we ask differently."""


class Answer(NamedTuple):
    """How a command ended, what it wrote, and what it complained about."""

    code: int
    out: bytes
    complaint: str


def attempt(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, stdin: bytes = b"") -> Answer:
    """The answer of `git ARGUMENTS` in `folder`, also where Git refused. An error where Git cannot work at all."""
    try:
        ended = subprocess.run(
            command(folder, *arguments),
            env=surroundings(environment),
            capture_output=True,
            check=False,
            input=stdin,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise missing() from error
    complaint = ended.stderr.decode("utf-8", "backslashreplace").strip()
    if "dubious ownership" in complaint:
        raise _not_ours(folder, complaint)
    return Answer(ended.returncode, ended.stdout, complaint)


def run(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, stdin: bytes = b"") -> bytes:
    """What `git ARGUMENTS` in `folder` wrote; an error if Git refused."""
    answer = attempt(folder, *arguments, environment=environment, stdin=stdin)
    if answer.code:
        raise refused(answer.complaint)
    return answer.out


def command(folder: Path, *arguments: str) -> list[str]:
    """The command line of `git ARGUMENTS` in `folder`."""
    return ["git", "-C", str(folder), *SWITCHES, *arguments]


def surroundings(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment variables that Git is given."""
    inherited = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    return {**inherited, **SETTINGS, **(more or {})}


def missing() -> GitError:
    """Git is not there."""
    return GitError("Git is not installed, or not on the PATH", hint="Install Git 2.31 or newer: https://git-scm.com")


def refused(complaint: str) -> GitError:
    """Git would not do it, in its own words."""
    lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in complaint.splitlines()]
    return GitError(f"Git: {lines[0] if lines else 'failed without a word'}", hint=" ".join(lines[1:]))


def _not_ours(folder: Path, complaint: str) -> GitError:
    place = complaint.partition("repository at '")[2].partition("'")[0] or str(folder)
    return GitError(
        f"Git does not read {place}: the repository belongs to another user (dubious ownership)",
        hint=f"If you trust what is in it: git config --global --add safe.directory '{place}'",
    )
