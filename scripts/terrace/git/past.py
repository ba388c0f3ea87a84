"""The commits in which something below a folder became another, the newest first, with what it was and became."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from terrace.git import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terrace.git.repository import Git

_NOTHING = "0"


class Edited(NamedTuple):
    """A file that a commit changed, by its path from the root: the objects before and after, empty for none."""

    path: str
    before: str
    after: str


class Past(NamedTuple):
    """A commit, and the files it changed. `parent` is empty for the first one; `time` is the committer's, RFC 3339."""

    oid: str
    parent: str
    time: str
    author: str
    subject: str
    body: str
    edited: tuple[Edited, ...]


def past(git: Git, commit: str, folder: str, most: int) -> Iterator[Past]:
    """The newest `most` commits up to `commit` that changed files of `folder` (from the root); merges are left out."""
    answer = git.attempt(
        *("-c", "log.showSignature=false", "-c", "log.follow=false", "log", "--no-merges", f"--max-count={most}"),
        *("--no-ext-diff", "--no-textconv", "--no-color", "--no-notes", "--no-show-signature", "--encoding=UTF-8"),
        *("--raw", "--no-abbrev", "--no-renames", "-z"),
        *("--format=%x1e%H%x1f%P%x1f%ct%x1f%an%x1f%s%x1f%b%x1f", commit, "--", folder),
    )
    if answer.code:
        raise process.refused(answer.complaint)
    for record in answer.out.decode("utf-8", "replace").split("\x1e")[1:]:
        parts = record.split("\x1f")
        oid, parents, seconds, author, subject, body = [*parts[:5], "\x1f".join(parts[5:-1])]
        time = datetime.fromtimestamp(int(seconds or 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield Past(oid, parents.split(" ")[0], time, author, subject, body.strip(), tuple(_edited(parts[-1])))


def _edited(raw: str) -> Iterator[Edited]:
    parts = [part.strip("\n") for part in raw.split("\0") if part.strip("\n")]
    for about, path in zip(parts[::2], parts[1::2], strict=False):
        _, _, before, after, _ = about.removeprefix(":").split(" ")
        yield Edited(path, before if before.strip(_NOTHING) else "", after if after.strip(_NOTHING) else "")
