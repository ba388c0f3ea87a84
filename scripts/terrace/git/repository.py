"""A Git repository, the folder in it that we were asked about, and what can be read of both."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from terrace.errors import GitError
from terrace.git import process
from terrace.git.blobs import Blobs


class Commit(NamedTuple):
    """A commit: its object id, the committer's time in UTC (RFC 3339), and the first line of its message."""

    oid: str
    time: str
    subject: str


class Leaf(NamedTuple):
    """What a commit holds at a path: its mode (`100644` file, `120000` link, `160000` submodule) and object id."""

    path: str
    mode: str
    oid: str


def find(folder: Path) -> Git | None:
    """The repository that `folder` is in; None where there is none. A bare repository is found by its own folder."""
    folder = folder.resolve()
    if not _may_be_in_git(folder):
        return None
    answer = process.attempt(folder, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository", "--show-prefix")
    if answer.code:
        if answer.complaint.startswith("fatal: not a git repository (or any"):
            return None
        raise process.refused(answer.complaint)
    inside, shallow, prefix = os.fsdecode(answer.out).split("\n", 2)
    prefix = prefix.removesuffix("\n").rstrip("/")
    root = folder.parents[prefix.count("/")] if prefix else folder
    return Git(
        root,
        prefix,
        has_work_tree=inside == "true",
        shallow=shallow == "true",
        environment=_quarantine(folder),
    )


def begin(folder: Path) -> None:
    """Make `folder` the top of a new repository, with nothing committed and no hooks of this machine's templates."""
    process.run(folder, "init", "--quiet", "--initial-branch=main", "--template=")


class Git:
    """One repository. `prefix` is the path of the folder we were asked about below `root`, the top of the work tree."""

    def __init__(
        self, root: Path, prefix: str, *, has_work_tree: bool, shallow: bool, environment: Mapping[str, str]
    ) -> None:
        self.root = root
        self.prefix = prefix
        self.has_work_tree = has_work_tree
        self.shallow = shallow
        self._environment = environment
        self._blobs = Blobs(root, environment)

    def attempt(
        self, *arguments: str, environment: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> process.Answer:
        """The answer of `git ARGUMENTS` at the root, also where Git refused."""
        more = {**self._environment, **(environment or {})}
        return process.attempt(self.root, *arguments, environment=more, stdin=stdin)

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, stdin: bytes = b"") -> bytes:
        """What `git ARGUMENTS` at the root wrote; an error if Git refused."""
        more = {**self._environment, **(environment or {})}
        return process.run(self.root, *arguments, environment=more, stdin=stdin)

    def by(self, name: str, email: str) -> Git:
        """The same repository, for commits of which somebody else than this machine's user is the author."""
        author = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email}
        made = Git(
            self.root,
            self.prefix,
            has_work_tree=self.has_work_tree,
            shallow=self.shallow,
            environment={**self._environment, **author},
        )
        made._blobs = self._blobs
        made.folders = self.folders
        return made

    def resolve(self, rev: str) -> Commit:
        """The commit that `rev` names: any revision of Git, or else a date or time (see `revision`)."""
        from terrace.git.revision import resolve

        return resolve(self, rev)

    def head(self) -> Commit | None:
        """The commit that is checked out; None before the first one."""
        from terrace.git.revision import head

        return head(self)

    def tree(self, commit: str, prefix: str = "", below: Sequence[str] = ()) -> list[Leaf]:
        """All that `commit` holds in the folder `prefix` (there only in the folders `below`), paths relative to it."""
        tree = f"{commit}:{prefix}" if prefix else commit
        answer = self.attempt("ls-tree", "-r", "-z", "--full-tree", tree, "--", *below)
        if answer.code:
            if prefix and not self._holds(tree):
                raise GitError(f"there is no folder {prefix!r} in commit {commit[:12]}")
            raise process.refused(answer.complaint)
        leaves = []
        for record in answer.out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            about, path = record.split("\t", 1)
            mode, _, oid = about.split(" ")
            leaves.append(Leaf(path, mode, oid))
        return leaves

    def blobs(self, oids: Sequence[str], *, most: int | None = None) -> Iterator[bytes]:
        """The content of each blob in turn, of each no more than its first `most` bytes; one process for all."""
        return self._blobs.read(oids, most)

    def dirty(self, prefix: str = "", below: Sequence[str] = ()) -> tuple[str, ...]:
        """Paths in the folder `prefix` that differ from HEAD or are untracked and not ignored, relative to it."""
        folders = [f"{prefix}/{folder}" if prefix else folder for folder in below] or ([prefix] if prefix else [])
        out = self.run(
            "status",
            *("--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=all", "--no-renames"),
            *("--", *folders),
            environment=self.without_filters(),
        )
        start = 3 + (len(prefix) + 1 if prefix else 0)
        return tuple(sorted(record[start:] for record in out.decode("utf-8", "surrogateescape").split("\0")[:-1]))

    def commit_files(self, branch: str, files: Mapping[str, str | None], message: str, base: str) -> Commit:
        """The commit, on the new branch `branch`, that changes exactly `files` of the commit `base` (None: removed)."""
        from terrace.git.branch import commit_files

        return commit_files(self, branch, files, message, base)

    def _holds(self, name: str) -> bool:
        return self.attempt("cat-file", "-e", name).code == 0

    @cached_property
    def folders(self) -> tuple[Path, Path]:
        """The folder with what Git keeps of this work tree, and the one with what all work trees share."""
        own, common = os.fsdecode(self.run("rev-parse", "--git-dir", "--git-common-dir")).split("\n")[:2]
        return self.root / own, self.root / common

    def without_filters(self) -> dict[str, str]:
        """Settings that turn off each filter by name: `git status` runs them on files whose time has changed."""
        pattern = r"^filter\..*\.(clean|smudge|process|required)$"
        names = os.fsdecode(self.attempt("config", "-z", "--name-only", "--get-regexp", pattern).out).split("\0")[:-1]
        first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        settings = {"GIT_CONFIG_COUNT": str(first + len(names))}
        for number, name in enumerate(names, first):
            settings[f"GIT_CONFIG_KEY_{number}"] = name
            settings[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith(".required") else ""
        return settings


def _may_be_in_git(folder: Path) -> bool:
    """Whether it is worth asking Git: a folder outside of Git needs no Git to be installed."""
    return any(
        os.path.lexists(parent / ".git") or os.path.lexists(parent / "HEAD") for parent in (folder, *folder.parents)
    )


def _quarantine(folder: Path) -> dict[str, str]:
    """Variables by which a hook of this repository sees what is being pushed, before it is accepted."""
    place = os.environ.get("GIT_QUARANTINE_PATH")
    if not place:
        return {}
    objects = folder / os.fsdecode(process.run(folder, "rev-parse", "--git-path", "objects")).removesuffix("\n")
    if not Path(place).resolve().is_relative_to(objects.resolve()):
        return {}
    names = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}
