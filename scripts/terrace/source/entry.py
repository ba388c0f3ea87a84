"""One thing that a source holds at a path, how its path is shown, and why it may have nothing to read."""

from __future__ import annotations

from typing import Literal, NamedTuple

MAX_BYTES = 1024 * 1024
"""The size that a file of the repository may have. Nothing beyond it is read."""

Kind = Literal["file", "link", "other"]


class Entry(NamedTuple):
    """One thing that a source holds.

    `kind` is `file` for a file and for a link that leads to one in the repository; `link` for any other symbolic link;
    `other` for what is neither: a FIFO, a socket, a device, a submodule, a folder that cannot be listed.
    `signature` changes when the content does: the Git object id, or `size:mtime:inode:ctime` in a work tree.
    `real` is what is opened: the path as the file system has it, after links.
    """

    path: str
    kind: Kind
    signature: str
    real: str


class Unreadable(NamedTuple):
    """Why an entry has no content: words that follow its path in a sentence, and what to do about it."""

    reason: str
    hint: str = ""


SUBMODULE = Unreadable(
    "is a Git repository of its own (a submodule)", "Put its files here: they are not read from there."
)


def printable(path: str) -> str:
    r"""`path` in visible characters: others as `\n` or `\u202e`, bytes that are no UTF-8 as `\xff`, `\` as `\\`."""
    if path.isprintable() and "\\" not in path:
        return path
    return "".join(_visible(character) for character in path)


def name_problem(path: str) -> str:
    """What is wrong with the name of an entry's `path`, in words that follow the path; empty if nothing is."""
    return (
        r"has characters in its name that cannot be shown as they are (written here with '\')" if "\\" in path else ""
    )


def too_large(size: int | None) -> Unreadable:
    """The reason of a file that is beyond the limit."""
    much = f" ({size:,} bytes)" if size else ""
    return Unreadable(f"is larger than {MAX_BYTES // 1024**2} MiB{much}", "Split it: configuration files are small.")


def _visible(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
