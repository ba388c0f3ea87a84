"""When each line of a file was last changed, as Git knows it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terrace.git.repository import Git


def days_of_lines(git: Git, path: str) -> list[date]:
    """The day (in UTC) on which each line of `path`, as it is now, was committed; none where Git does not know it.

    A line that is not committed yet is of today.
    """
    # A driver that turns files into text is a command that the repository's configuration names.
    answer = git.attempt("blame", "--incremental", "--no-textconv", "--", f"{git.prefix}/{path}".lstrip("/"))
    if answer.code:
        return []
    days: dict[int, date] = {}
    times: dict[bytes, date] = {}
    commit = b""
    first = count = 0
    for line in answer.out.splitlines():
        word, _, rest = line.partition(b" ")
        if len(word) >= 40 and rest.count(b" ") == 2:
            commit, (_, first, count) = word, map(int, rest.split())
        elif word == b"committer-time":
            times[commit] = datetime.fromtimestamp(int(rest), UTC).date()
        elif word == b"filename":
            days.update(dict.fromkeys(range(first, first + count), times[commit]))
    return [days[number] for number in sorted(days)]
