"""Private keys in the files of a Git repository: those that are tracked, or could be added, in its whole folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from terrace.model.private_keys import Exposure, exposures, signs
from terrace.source.worktree import OPENING


def exposed(folder: Path, commit: str = "", *, but: Sequence[str] = ()) -> list[Exposure]:
    """Every private key below `folder`, but not in some folders of it, now or in a commit; none outside of Git."""
    from terrace.git import find

    git = find(folder)
    if git is None:
        return []
    signs_ = [part for sign in signs() for part in ("-e", sign.decode())]
    options = ("--threads=1", "--text", "--fixed-strings", "--files-with-matches", "--null", "--full-name")
    where = [commit] if commit else ["--untracked"]
    top = f"{git.prefix}/" if git.prefix else ""
    # Git is given the names to look at: told what to leave out, it would still walk through that.
    names = [] if commit else sorted(set(os.listdir(folder)) - {".git", *but})  # noqa: PTH208
    within = [top + name for name in names] or [git.prefix or "."]
    out = git.attempt("grep", *options, *signs_, *where, "--", *within).out
    paths = [path.removeprefix(f"{commit}:") for path in out.decode("utf-8", "surrogateescape").split("\0")[:-1]]
    paths = [path for path in paths if not path.startswith(tuple(f"{top}{name}/" for name in but))]
    if not commit:
        return exposed_in(folder, [path.removeprefix(top) for path in paths])
    blobs = ((path.removeprefix(top), git.run("cat-file", "blob", f"{commit}:{path}")) for path in paths)
    return [each for path, data in blobs for each in exposures(path, data)]


def exposed_in(folder: Path, paths: Iterable[str]) -> list[Exposure]:
    """Every private key in these files of a folder; what is no file that can be read is passed by."""
    return [each for path in paths for each in exposures(path, _content(folder / path))]


def _content(file: Path) -> bytes:
    try:
        with open(os.open(file, OPENING), "rb") as stream:
            return stream.read()
    except OSError:
        return b""
