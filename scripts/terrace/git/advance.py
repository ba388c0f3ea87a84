"""One commit more on a branch that is there, from the tip that was looked at and no other.

The branch is moved by compare-and-swap: who was overtaken is told so, and loses nothing. Where the branch is the one
that is checked out in this work tree, its files and its index follow, and nobody's other work is touched.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from terrace.errors import GitError, RefusedError
from terrace.git import process
from terrace.git.branch import written
from terrace.git.unfinished import Begun, noted, take_back, temporary

if TYPE_CHECKING:
    from terrace.git.process import Answer
    from terrace.git.repository import Commit, Git

UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
LOCK = "terrace-commit.lock"
PATIENCE = 60.0
"""Seconds that a commit waits for those before it: fifty at once are done in less."""
_RACED = ("but expected", "cannot lock ref", "unable to lock", "reference already exists")


class OvertakenError(GitError):
    """The branch is not where it was: somebody committed to it in the meantime."""


class Tip(NamedTuple):
    """A branch, the commit that it is at, and whether it is what this work tree has checked out."""

    branch: str
    commit: str
    here: bool

    @property
    def ref(self) -> str:
        """Its whole name."""
        return f"refs/heads/{self.branch}"


def tip(git: Git, branch: str = "", *, elsewhere: bool = False) -> Tip:
    """Where `branch` is (the checked out one, if none is named).

    Refused where another work tree has it out, unless `elsewhere` says that nobody will commit to it.
    """
    current = git.attempt("symbolic-ref", "--quiet", "HEAD").out.decode().strip().removeprefix("refs/heads/")
    wanted = branch or current
    if not wanted:
        raise RefusedError(
            "no branch is checked out here (HEAD is detached), so a commit would be lost",
            hint="Go to one (git switch main), or name one: --branch main",
        )
    found = git.attempt("rev-parse", "--verify", "--quiet", f"refs/heads/{wanted}^{{commit}}")
    if found.code:
        unborn = wanted == current
        why = "has no commit yet" if unborn else "is not there"
        raise GitError(f"the branch {wanted!r} {why}", hint="Commit first." if unborn else "See: git branch")
    here = git.has_work_tree and wanted == current
    other = "" if here or elsewhere else _work_tree_of(git, wanted)
    if other:
        raise RefusedError(f"the branch {wanted!r} is checked out in {other}", hint=f"Do it there: -C {other}")
    return Tip(wanted, found.out.decode().strip(), here)


@contextmanager
def alone(git: Git) -> Iterator[None]:
    """While no other process of ours commits to this repository. Git itself is kept out by compare-and-swap."""
    try:
        descriptor = os.open(_folder(git, "--git-common-dir") / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise GitError(f"cannot write to the Git repository: {error.strerror}") from error
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Take the lock; an error where somebody has it for longer than any commit takes."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise GitError(
                    f"another process commits to this repository for more than {PATIENCE:.0f} s",
                    hint=f"It holds .git/{LOCK}: end it, and try again.",
                ) from None
            time.sleep(random.uniform(0.001, 0.01))
        else:
            return


def refuse_uncommitted(git: Git, paths: Sequence[str]) -> None:
    """Refuse where the work tree, or the index, has other files than the commit, or Git is in the middle of a merge.

    `paths` are from the root.
    """
    folder = _folder(git, "--git-dir")
    for name in UNFINISHED:
        if (folder / name).exists():
            raise RefusedError(
                f"Git is in the middle of something here ({name})", hint="Finish it, or give it up; then again."
            )
    for path in git.dirty("", paths):
        raise RefusedError(
            f"{path} has changes that are not committed", hint=f"Commit them, or put them aside: git stash -- {path}"
        )


def advance(git: Git, at: Tip, files: Mapping[str, str], message: str) -> Commit:
    """The commit on the branch of `at` that changes exactly `files` (by path from the root).

    Raises `OvertakenError` where the branch has moved. To be called in `alone`.
    """
    if not at.here:
        return _move(git, at, written(git, files, message, at.commit), message)
    folder = _folder(git, "--git-dir")
    take_back(git, folder, at.ref, at.commit, _index)
    refuse_uncommitted(git, list(files))
    oid = written(git, files, message, at.commit)
    # First the files, then the index, then the branch: what whoever dies in between leaves is taken back by the next.
    with noted(folder, Begun(at.ref, at.commit, oid, list(files), os.getpid())):
        return _into_the_work_tree(git, at, oid, files, message)


def _into_the_work_tree(git: Git, at: Tip, oid: str, files: Mapping[str, str], message: str) -> Commit:
    before, after = _entries(git, at.commit, files), _entries(git, oid, files)
    old: dict[str, bytes | None] = {}
    try:
        for path, text in files.items():
            old[path] = _put(git.root / path, text.encode())
        _index(git, after)
        return _move(git, at, oid, message)
    except BaseException:
        for path, data in old.items():
            _restore(git.root / path, data)
        with suppress(GitError):
            _index(git, before)
        raise


def _move(git: Git, at: Tip, oid: str, message: str) -> Commit:
    subject = message.split("\n", 1)[0]
    moved = git.attempt("update-ref", "--create-reflog", "-m", f"commit: {subject}", at.ref, oid, at.commit)
    if moved.code:
        raise _overtaken(at, moved)
    return git.resolve(oid)


def _overtaken(at: Tip, answer: Answer) -> GitError:
    if any(word in answer.complaint for word in _RACED):
        return OvertakenError(f"the branch {at.branch!r} moved in the meantime", hint="Try again.")
    return process.refused(answer.complaint)


def _folder(git: Git, which: str) -> Path:
    return git.folders[which == "--git-common-dir"]


def _entries(git: Git, commit: str, files: Iterable[str]) -> dict[str, str]:
    """How an index names each file: mode and object. Empty where the commit does not hold it."""
    there = {leaf.path: f"{leaf.mode},{leaf.oid}" for leaf in git.tree(commit, below=list(files))}
    return {path: there.get(path, "") for path in files}


def _index(git: Git, entries: Mapping[str, str]) -> None:
    for path, entry in entries.items():
        how = ("--add", "--cacheinfo", f"{entry},{path}") if entry else ("--force-remove", "--", path)
        git.run("update-index", *how)
    # So that nobody's next `git status` has to look into the files; filters are commands that a repository names.
    git.attempt("update-index", "-q", "--refresh", environment=git.without_filters())


def _work_tree_of(git: Git, branch: str) -> str:
    """The work tree that has the branch checked out; empty where none has."""
    place = ""
    for line in os.fsdecode(git.run("worktree", "list", "--porcelain")).splitlines():
        name, _, rest = line.partition(" ")
        place = rest if name == "worktree" else place
        if name == "branch" and rest == f"refs/heads/{branch}":
            return place
    return ""


def _put(file: Path, data: bytes) -> bytes | None:
    """What the file was before it became `data`, in one step; None where there was none."""
    beside = file.with_name(temporary(file, os.getpid()))
    try:
        old = file.read_bytes() if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if old is not None:
            beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):  # it may never have been there
            beside.unlink()
        raise GitError(f"cannot write {file.name}: {error.strerror}") from error
    return old


def _restore(file: Path, old: bytes | None) -> None:
    with suppress(OSError, GitError):
        if old is None:
            file.unlink()
        else:
            _put(file, old)
