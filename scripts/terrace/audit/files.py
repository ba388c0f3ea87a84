"""The log's files: numbered parts of which the last one grows, a lock, and what is on disk before a call returns.

access-000001.jsonl     the oldest part; a part is never renamed, so nothing can be lost between two names
access-000002.jsonl     the part that grows
torn-000002-48213       an end without a line's end that was found there at that byte, moved aside
lock                    held (flock) by whoever appends
key                     see `key`
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from terrace.errors import AuditError

_PART = re.compile(r"access-(\d{6,12})\.jsonl")
_TORN = re.compile(r"torn-\d{6,12}-\d+(\.\d+)?")
_BLOCK = 1 << 16

_HINTS = {
    errno.ENOSPC: ("the disk is full", "Free some space; nothing is opened until a record can be written."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space; nothing is opened until a record can be written."),
    errno.EROFS: ("it is mounted read-only", "Name a folder for the audit log that can be written."),
    errno.EACCES: ("no permission", "Name a folder for the audit log that this user may write to."),
    errno.EPERM: ("no permission", "Name a folder for the audit log that this user may write to."),
}


class Part(NamedTuple):
    """One file of the log."""

    number: int
    path: str

    @property
    def name(self) -> str:
        """The file's name, as problems give it."""
        return os.path.basename(self.path)  # noqa: PTH119 - pathlib costs start-up time


class Snapshot(NamedTuple):
    """The log between two appends: each part with its size, and the names of the ends that were moved aside."""

    parts: tuple[tuple[Part, int], ...]
    torn: tuple[str, ...]


class Tail(NamedTuple):
    """The end of a part: its last whole line (empty where there is none), where that ends, and what follows it."""

    line: bytes
    end: int
    torn: int


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn what the operating system refuses into an `AuditError`: "cannot <doing>: the disk is full"."""
    try:
        yield
    except OSError as error:
        reason, hint = _HINTS.get(error.errno or 0, (error.strerror or str(error), ""))
        where = f" ({error.filename})" if error.filename else ""
        raise AuditError(f"cannot {doing}: {reason}{where}", hint=hint) from error


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Be the only one who appends. The kernel frees the lock when its process is gone, however it went."""
    descriptor = os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def parts(folder: str) -> list[Part]:
    """The files of the log, the oldest first. Reading what is no file, as a FIFO, might never end."""
    found = [(int(match[1]), name) for name in _names(folder) if (match := _PART.fullmatch(name))]
    for _, name in found:
        if not stat.S_ISREG(os.stat(f"{folder}/{name}").st_mode):  # noqa: PTH116 - pathlib costs start-up time
            raise AuditError(
                f"the audit log cannot be read: {folder}/{name} is no file",
                hint="Verify it once it is put back. To begin a new log, move the log's folder away as it is.",
            )
    return [Part(number, f"{folder}/{name}") for number, name in sorted(found)]


def snapshot(folder: str) -> Snapshot:
    """What is there while nobody appends. Who may only read the folder may ask too, once a lock is there."""
    try:
        descriptor = os.open(f"{folder}/lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return _snapshot(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return _snapshot(folder)
    finally:
        os.close(descriptor)


def lines(path: str, size: int) -> Iterator[tuple[int, bytes]]:
    """Every whole line among the first `size` bytes, without its end, and with its number."""
    with open(path, "rb") as file:
        at = 0
        for number, line in enumerate(file, 1):
            at += len(line)
            if at > size or not line.endswith(b"\n"):
                return
            yield number, line[:-1]


def part(folder: str, number: int) -> Part:
    """The part with a number, whether it is there or not."""
    return Part(number, f"{folder}/access-{number:06}.jsonl")


def read_tail(path: str) -> Tail:
    """The last whole line of a part, found from its end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        size = os.fstat(descriptor).st_size
        start, data = size, b""
        # Two ends of lines frame the last line; the first line of a file has the file's start before it.
        while start > 0 and data.count(b"\n") < 2:
            step = min(_BLOCK, start)
            start -= step
            data = os.pread(descriptor, step, start) + data
    finally:
        os.close(descriptor)
    end = data.rfind(b"\n") + 1
    line = data[:end].rstrip(b"\n").rsplit(b"\n", 1)[-1]
    return Tail(line, start + end, len(data) - end)


def set_aside(folder: str, grows: Part, tail: Tail) -> str:
    """Move what follows the last whole line into a file of its own. Returns the file's name."""
    descriptor = os.open(grows.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        data = os.pread(descriptor, tail.torn, tail.end)
        name = _new_name(folder, f"torn-{grows.number:06}-{tail.end}")
        write_new(f"{folder}/{name}", data)
        sync_folder(folder)
        os.ftruncate(descriptor, tail.end)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return name


def append(path: str, line: bytes, *, sync: bool) -> None:
    """Put one line at the end, whole and on disk, or not at all."""
    created = not os.path.exists(path)  # noqa: PTH110
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        try:
            left = line
            while left:
                left = left[os.write(descriptor, left) :]
            if sync:
                os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)
    if created and sync:
        sync_folder(os.path.dirname(path))  # noqa: PTH120


def write_new(path: str, data: bytes) -> None:
    """Write a file that must not be there yet, and put it on disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    except OSError:
        os.unlink(path)  # noqa: PTH108
        raise
    finally:
        os.close(descriptor)


def sync_folder(path: str) -> None:
    """Put the names in a folder on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _snapshot(folder: str) -> Snapshot:
    found = tuple((each, os.path.getsize(each.path)) for each in parts(folder))  # noqa: PTH202
    return Snapshot(found, tuple(sorted(name for name in _names(folder) if _TORN.fullmatch(name))))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except FileNotFoundError:
        return []


def _new_name(folder: str, name: str) -> str:
    taken = set(_names(folder))
    choices = (name, *(f"{name}.{number}" for number in range(1, len(taken) + 2)))
    return next(choice for choice in choices if choice not in taken)
