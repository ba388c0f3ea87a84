"""A commit by what people call it: a revision of Git, a date, or a time.

A revision comes first: a branch named `2026-11-01` is that branch. Else `2026-11-01` is the newest commit on HEAD's
first-parent line that was made by the end of that day, and `2026-11-01T10:00` by that moment; both in UTC unless an
offset is given (`2026-11-01 10:00+02:00`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from terrace.errors import GitError
from terrace.git.repository import Commit

if TYPE_CHECKING:
    from terrace.git.repository import Git

UNSHALLOW = "git fetch --unshallow"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|[+-]\d\d:?\d\d)?)?")
_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""The whole id of an object, which comes before every other meaning."""
_LAST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


def resolve(git: Git, rev: str) -> Commit:
    """The commit that `rev` names."""
    if _WHOLE.fullmatch(rev):
        return _commit(git, rev, rev)
    if rev and "\0" not in rev:
        answer = git.attempt("rev-parse", "--verify", "--end-of-options", rev)
        if answer.code == 0 and not answer.out.startswith(b"^"):
            return _commit(git, rev, answer.out.decode("ascii").strip())
        if "is ambiguous" in answer.complaint:
            raise GitError(f"revision {rev!r} fits several objects", hint="Give more digits of the commit's id.")
    moment = _moment(rev)
    if moment is not None:
        return _newest_by(git, rev, moment)
    raise _unknown(git, rev)


def head(git: Git) -> Commit | None:
    """The commit that is checked out; None before the first one."""
    return _list(git, "--no-walk", "HEAD")


def _commit(git: Git, rev: str, oid: str) -> Commit:
    found = _list(git, "--no-walk", f"{oid}^{{commit}}")
    if found is not None:
        return found
    kind = git.attempt("cat-file", "-t", oid)
    if kind.code:
        raise _unknown(git, rev)
    raise GitError(f"revision {rev!r} is a {kind.out.decode('ascii').strip()}, not a commit")


def _newest_by(git: Git, rev: str, moment: datetime) -> Commit:
    found = _list(git, "--first-parent", f"--min-age={max(0, int(moment.timestamp()))}", "HEAD")
    if found is not None:
        return found
    if git.attempt("rev-parse", "--verify", "--quiet", "HEAD").code:
        raise GitError("this Git repository has no commits yet", hint="Commit first, or leave out the date.")
    if git.shallow:
        raise GitError(f"this shallow clone does not go back to {rev}", hint=UNSHALLOW)
    raise GitError(f"no commit is as old as {rev}")


def _list(git: Git, *arguments: str) -> Commit | None:
    """The first commit that `git rev-list ARGUMENTS` gives."""
    # NOTE: not `git log`, which runs a signature check of the repository's choosing when log.showSignature is set.
    answer = git.attempt("rev-list", "--max-count=1", "--encoding=UTF-8", "--format=%H%x00%ct%x00%s", *arguments, "--")
    if answer.code or not answer.out:
        return None
    oid, seconds, subject = answer.out.decode("utf-8", "replace").split("\n", 1)[1].rstrip("\n").split("\0")
    time = datetime.fromtimestamp(min(int(seconds or 0), _LAST_SECOND), UTC)
    return Commit(oid, time.strftime("%Y-%m-%dT%H:%M:%SZ"), subject)


def _moment(text: str) -> datetime | None:
    """The last moment that `text` speaks of; None if it is no date."""
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
        if not match["time"]:
            moment += timedelta(days=1, seconds=-1)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unknown(git: Git, rev: str) -> GitError:
    import difflib

    listed = git.attempt("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes")
    names = listed.out.decode("utf-8", "backslashreplace").split("\n")[:-1]
    close = " or ".join(repr(name) for name in difflib.get_close_matches(rev, names, 3))
    guess = f"Did you mean {close}?" if close else ""
    if git.shallow:
        beyond = f"If it is older than this clone: {UNSHALLOW}"
        return GitError(f"there is no revision {rev!r} in this shallow clone", hint=f"{guess} {beyond}".strip())
    if not names:
        return GitError(f"there is no revision {rev!r}: this Git repository has no commits yet")
    return GitError(f"there is no revision {rev!r}", hint=guess or "See git branch --all and git tag; or give a date.")
