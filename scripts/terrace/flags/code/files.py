"""The source files below a folder: those that Git does not ignore, none too large, none that is not text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from terrace.errors import SourceError
from terrace.flags.code.reference import Note
from terrace.git import find

LARGEST = 1_000_000
"""Files with more bytes are made by programs, or are data."""

MOST = 100_000
"""So many files are looked at in one folder."""

# Documents and data name flags, and ask for none.
_NO_CODE = frozenset((
    ".md", ".rst", ".txt", ".adoc", ".csv", ".tsv", ".svg", ".map", ".lock", ".sum", ".png", ".jpg", ".jpeg", ".gif",
    ".ico", ".webp", ".pdf", ".zip", ".gz", ".jar", ".whl", ".so", ".dll", ".exe", ".class", ".pyc", ".woff", ".woff2",
    ".ttf", ".snap", ".log",
))  # fmt: skip
_NO_FILES = frozenset(("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "composer.lock"))
_SKIPPED = frozenset((
    ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".tox",
    ".pytest_cache", ".gradle", ".idea", ".terraform",
))  # fmt: skip
"""Folders that are passed by where no Git says what is ignored."""

_OPENING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC


def source_files(folder: Path, but: Path | None = None) -> list[str]:
    """The paths, sorted and relative to `folder`, of the files below it that may be code; none of those in `but`."""
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder", hint="Name folders with source code: --code src")
    listed = _of_git(folder)
    paths = _walked(folder) if listed is None else iter(listed)
    left_out = os.path.abspath(but) + os.sep if but else None  # noqa: PTH100 - links are not followed
    top = os.path.abspath(folder)  # noqa: PTH100
    found = sorted({path for path in paths if _may_be_code(path)})
    if left_out:
        found = [path for path in found if not f"{top}/{path}".startswith(left_out)]
    return found[:MOST]


def text_of(folder: Path, path: str) -> str | Note | None:
    """The text of a file; None where it is none, or no file; a note where it is too large."""
    try:
        with open(os.open(folder / path, _OPENING), "rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError:
        return None
    if b"\0" in data[:8192]:
        return None
    if len(data) > LARGEST:
        return Note(path, f"has more than {LARGEST // 1_000_000} MB, and was not looked at")
    return data.decode("utf-8", "replace")


def _of_git(folder: Path) -> list[str] | None:
    """What Git tracks below `folder`, or could; None outside of Git."""
    git = find(folder)
    if git is None or not git.has_work_tree:
        return None
    options = ("--cached", "--others", "--exclude-standard", "--full-name", "-z")
    out = git.run("ls-files", *options, "--", git.prefix or ".").decode("utf-8", "surrogateescape")
    top = f"{git.prefix}/" if git.prefix else ""
    return [path.removeprefix(top) for path in out.split("\0")[:-1]]


def _walked(folder: Path) -> Iterator[str]:
    """Every file, in some order. Links are not followed, so there is an end to it."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        inner = os.path.relpath(place, folder)
        for name in names:
            yield name if inner == "." else f"{inner}/{name}"


def _may_be_code(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    if name in _NO_FILES or name.endswith((".min.js", ".min.css")):
        return False
    return os.path.splitext(name)[1].lower() not in _NO_CODE  # noqa: PTH122
