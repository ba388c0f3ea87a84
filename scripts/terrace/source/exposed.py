"""Private keys in the files of a Git repository: those that are tracked, or could be added, in its whole folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from terrace.model.private_keys import private_keys, signs
from terrace.model.source import Location, Span
from terrace.source.worktree import OPENING

Exposure = tuple[Location, str]
"""Where a private key stands, and what it is."""


def exposed(folder: Path, commit: str = "") -> list[Exposure]:
    """Every private key below `folder`, as it is or as it was in a commit; none outside of Git."""
    from terrace.git import find

    git = find(folder)
    if git is None:
        return []
    signs_ = [part for sign in signs() for part in ("-e", sign.decode())]
    options = ("--text", "--fixed-strings", "--files-with-matches", "--null", "--full-name")
    where = [commit] if commit else ["--untracked"]
    out = git.attempt("grep", *options, *signs_, *where, "--", *([git.prefix] if git.prefix else [])).out
    paths = [path.removeprefix(f"{commit}:") for path in out.decode("utf-8", "surrogateescape").split("\0")[:-1]]
    top = f"{git.prefix}/" if git.prefix else ""
    if not commit:
        return exposed_in(folder, [path.removeprefix(top) for path in paths])
    return list(_found((path.removeprefix(top), git.run("cat-file", "blob", f"{commit}:{path}")) for path in paths))


def exposed_in(folder: Path, paths: Iterable[str]) -> list[Exposure]:
    """Every private key in these files of a folder; what is no file that can be read is passed by."""
    read = ((path, _content(folder / path)) for path in paths)
    return list(_found((path, data) for path, data in read if data))


def _content(file: Path) -> bytes:
    try:
        with open(os.open(file, OPENING), "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _found(files: Iterable[tuple[str, bytes]]) -> Iterator[Exposure]:
    for path, data in files:
        for key in private_keys(data):
            before = data[: key.start]
            line = before.count(b"\n") + 1
            column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
            yield Location(path, Span(line, column, line, column)), key.what
