"""A commit to what is checked out that was begun and not made: who did it was killed. Its edit is taken back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import GitError

if TYPE_CHECKING:
    from terrace.git.repository import Git

NAME = "terrace-commit.json"
"""In Git's folder of the work tree, while a commit is made."""


class Begun(NamedTuple):
    """A commit that is being made: of which branch, the commits before and after it, its files, and by which process.

    Paths are from the root.
    """

    ref: str
    before: str
    after: str
    paths: Sequence[str]
    process: int


@contextmanager
def noted(folder: Path, begun: Begun) -> Iterator[None]:
    """While a commit is made: whoever comes after one that was killed knows what it was about."""
    try:
        (folder / NAME).write_text(json.dumps(begun._asdict()), encoding="utf-8")
    except OSError as error:
        raise GitError(f"cannot write to the Git repository: {error.strerror}") from error
    try:
        yield
    finally:
        with suppress(OSError):
            (folder / NAME).unlink()


def take_back(git: Git, folder: Path, ref: str, commit: str, index: Callable[[Git, Mapping[str, str]], None]) -> None:
    """Take back what was begun on `ref`, which is at `commit`: files and index entries that are still as it made them.

    `index` puts entries into the index. What somebody changed since is theirs, and stays.
    """
    begun = _left(folder)
    if begun is None:
        return
    for path in begun.paths:
        with suppress(OSError):
            file = git.root / path
            file.with_name(temporary(file, begun.process)).unlink()
    if (begun.ref, begun.before) == (ref, commit):
        entries = {name: _entries(git, name, begun.paths) for name in (begun.before, begun.after)}
        staged = _staged(git, begun.paths)
        index(git, {
            path: entries[begun.before].get(path, "")
            for path in begun.paths
            if staged.get(path) == entries[begun.after].get(path)
        })  # fmt: skip
        for path in begun.paths:
            _restore(git, git.root / path, entries[begun.before].get(path, ""), entries[begun.after].get(path, ""))
        git.attempt("update-index", "-q", "--refresh", environment=git.without_filters())
    with suppress(OSError):
        (folder / NAME).unlink()


def temporary(file: Path, process: int) -> str:
    """The name under which a process writes what becomes `file`."""
    return f".{file.name}.{process}"


def _left(folder: Path) -> Begun | None:
    try:
        said = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Begun(said["ref"], said["before"], said["after"], tuple(said["paths"]), said["process"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        # Killed while it was written: nothing had been done yet.
        with suppress(OSError):
            (folder / NAME).unlink()
        return None


def _restore(git: Git, file: Path, before: str, after: str) -> None:
    """Make the file what it was, where it is what the commit would have made of it."""
    try:
        (made,) = git.blobs([after.split(",")[1]])
        if not file.is_file() or file.read_bytes() != made:
            return
        if not before:
            file.unlink()
            return
        (was,) = git.blobs([before.split(",")[1]])
        beside = file.with_name(temporary(file, os.getpid()))
        beside.write_bytes(was)
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        raise GitError(f"cannot write {file.name}: {error.strerror}") from error


def _entries(git: Git, commit: str, paths: Sequence[str]) -> dict[str, str]:
    return {leaf.path: f"{leaf.mode},{leaf.oid}" for leaf in git.tree(commit, below=list(paths))}


def _staged(git: Git, paths: Sequence[str]) -> dict[str, str]:
    out = git.run("ls-files", "--stage", "-z", "--", *paths).decode("utf-8", "surrogateescape")
    found = {}
    for record in out.split("\0")[:-1]:
        about, path = record.split("\t", 1)
        mode, oid, _ = about.split(" ")
        found[path] = f"{mode},{oid}"
    return found
