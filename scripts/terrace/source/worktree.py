"""A folder of files as they are now."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from terrace.model.entities import Origin
from terrace.source.entry import MAX_BYTES, SUBMODULE, Entry, Unreadable, printable, too_large
from terrace.source.links import NOTHING, Found, follow

CONTENT = ("environments", "tenants", "flags", "schemas")
"""The folders whose content reaches a bundle: an edited README does not make a repository dirty."""

# A FIFO would block until somebody writes to it; a link that has taken a file's place would lead anywhere.
OPENING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
AGAIN = "Something else writes here; try again."


class WorkTree:
    """The configuration repository in a folder, as its files are now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._top = os.fspath(root).rstrip("/") + "/"

    @cached_property
    def origin(self) -> Origin:
        """The commit that is checked out, and the paths that differ from it; empty outside of Git."""
        from terrace.git import find

        git = find(self.root)
        if git is None or not git.has_work_tree:
            return Origin()
        dirty = tuple(printable(path) for path in git.dirty(git.prefix, CONTENT))
        commit = git.head()
        return Origin(commit.oid, commit.time, dirty) if commit else Origin(dirty=dirty)

    def entries(self, folder: str) -> list[Entry]:
        """Everything below `folder`, sorted by path. Links to folders are not followed."""
        link = self._first_link(folder)
        if link:
            return [self._of_link(link)]
        found: list[Entry] = []
        ahead = [folder]
        while ahead:
            self._list(ahead.pop(), ahead, found)
        found.sort()
        return found

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of each entry in turn, or why it has none."""
        for entry in entries:
            if entry.kind == "file":
                yield _content(self._top + entry.real)
            elif entry.kind == "link":
                led = follow(entry.real, self._look)
                yield _content(self._top + led) if isinstance(led, str) else led
            else:
                yield _what_else(self._top + entry.real)

    def _list(self, folder: str, ahead: list[str], found: list[Entry]) -> None:
        """Add what stands directly in `folder` to `found`, and its folders to `ahead`."""
        try:
            with os.scandir(self._top + folder) as listing:
                items = list(listing)
        except FileNotFoundError:
            return
        except OSError:
            found.append(_entry(folder, self._top + folder))
            return
        if folder and ".git" in [item.name for item in items]:
            found.append(_entry(folder, self._top + folder))
            return
        start = f"{folder}/" if folder else ""
        for item in items:
            name = item.name
            if item.is_dir(follow_symlinks=False):
                if name != ".git":
                    ahead.append(start + name)
            elif not item.is_symlink():
                if name != ".git":
                    found.append(_entry(start + name, item))
            elif not name.startswith(".#"):  # what Emacs puts beside a file while it is edited
                found.append(self._of_link(start + name))

    def _first_link(self, folder: str) -> str:
        """The first part of `folder` that is a symbolic link, or nothing."""
        parts = folder.split("/")
        paths = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
        return next((path for path in paths if self._look(path).what == "link"), "")

    def _of_link(self, path: str) -> Entry:
        led = follow(path, self._look)
        if isinstance(led, str):
            return _entry(path, self._top + led)._replace(real=led)
        return _entry(path, self._top + path)._replace(kind="link")

    def _look(self, path: str) -> Found:
        try:
            mode = os.lstat(self._top + path).st_mode
            if stat.S_ISLNK(mode):
                return Found("link", os.readlink(self._top + path))  # noqa: PTH115  Path would tidy what it says
        except OSError:
            return NOTHING
        return Found("file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other")


def _entry(path: str, at: str | os.DirEntry[str]) -> Entry:
    """The entry of what stands at `at`, not following links."""
    try:
        found = os.lstat(at) if isinstance(at, str) else at.stat(follow_symlinks=False)
    except OSError:  # it went away; reading it will say so
        return Entry(printable(path), "other", "", path)
    signature = f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}:{found.st_ctime_ns}"
    return Entry(printable(path), "file" if stat.S_ISREG(found.st_mode) else "other", signature, path)


def _content(path: str) -> bytes | Unreadable:
    try:
        file = os.open(path, OPENING)
    except OSError as error:
        return _refused(error)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return _no_file(found.st_mode)
        if found.st_size > MAX_BYTES:
            return too_large(found.st_size)
        data = os.read(file, found.st_size + 1)
        if len(data) != found.st_size:
            data = _rest(file, data)
    except OSError as error:
        return _refused(error)
    finally:
        os.close(file)
    return data if len(data) <= MAX_BYTES else too_large(None)


def _rest(file: int, data: bytes) -> bytes:
    """`data` and what follows it, for a file that is written to while we read, or that comes in pieces."""
    while len(data) <= MAX_BYTES and (more := os.read(file, MAX_BYTES + 1 - len(data))):
        data += more
    return data


def _what_else(path: str) -> Unreadable:
    """Why there is nothing to read at `path`, which was no file when it was listed."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode):
            return Unreadable("became a file while the repository was read", AGAIN)
        if stat.S_ISDIR(mode):
            os.scandir(path).close()
    except OSError as error:
        return _refused(error)
    return _no_file(mode)


def _no_file(mode: int) -> Unreadable:
    if stat.S_ISDIR(mode):
        return SUBMODULE
    kinds = (
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    kind = next((name for test, name in kinds if test(mode)), "something")
    return Unreadable(f"is {kind}, not a file", "Remove it.")


def _refused(error: OSError) -> Unreadable:
    if isinstance(error, FileNotFoundError):
        return Unreadable("vanished while the repository was read", AGAIN)
    if error.errno == errno.ELOOP:
        return Unreadable("became a symbolic link while the repository was read", AGAIN)
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    hint = "Give yourself the right to read it." if isinstance(error, PermissionError) else ""
    return Unreadable(f"cannot be read: {reason}", hint)
