"""Where a symbolic link leads, by rules that hold for a work tree and for a Git revision alike.

A link is followed only as long as each step stays in the repository, so an absolute path never is: what it leads to
is another thing on another machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from terrace.source.entry import Unreadable, printable

MAX_HOPS = 40
"""As many links as Linux follows for one path."""

COPY = "Put a copy of the file in its place."


class Found(NamedTuple):
    """What stands at a path, not following links; of a link, what it says."""

    what: Literal["file", "folder", "link", "other", "nothing"]
    says: str = ""


NOTHING = Found("nothing")


def follow(path: str, look: Callable[[str], Found]) -> str | Unreadable:
    """The path of the file that the link at `path` leads to in the end, or why it leads to none."""
    ahead = path.split("/")[::-1]
    done: list[str] = []
    hops = 0
    found = Found("folder")
    while ahead:
        part = ahead.pop()
        if found.what != "folder":
            return _to_nothing("/".join([*done, part]))
        if part in ("", "."):
            continue
        if part == ".git" or (part == ".." and not done):
            return _outside()
        if part == "..":
            done.pop()
            continue
        done.append(part)
        found = look("/".join(done))
        if found.what == "nothing":
            return _to_nothing("/".join(done))
        if found.what == "link":
            hops += 1
            if hops > MAX_HOPS:
                return Unreadable("is a symbolic link that leads in a circle", COPY)
            if found.says.startswith("/"):
                return _outside()
            done.pop()
            ahead.extend(found.says.split("/")[::-1])
            found = Found("folder")
    if found.what == "file":
        return "/".join(done)
    kind = "a folder: links to folders are not followed" if found.what == "folder" else "something that is no file"
    return Unreadable(f"is a symbolic link to {kind}", COPY.replace("file", "files"))


def _outside() -> Unreadable:
    return Unreadable("is a symbolic link that leads out of the repository", COPY)


def _to_nothing(path: str) -> Unreadable:
    return Unreadable(f"is a symbolic link to {printable(path)}, which does not exist", "Remove it, or mend it.")
