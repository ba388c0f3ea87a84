"""Files and folders that survive a power cut, and what the operating system says against them in words."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from terrace.errors import DestinationError

_FEW = 64
"""Up to so many files are put on disk one by one; more are with one call for the whole file system."""

_HINTS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or keep fewer releases; then deploy again."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or keep fewer releases; then deploy again."),
    errno.EROFS: ("it is mounted read-only", "Deploy from where it can be written."),
    errno.EACCES: ("no permission", "Deploy as a user who may write there."),
    errno.EPERM: ("no permission", "Deploy as a user who may write there."),
    errno.ESTALE: ("the mount has gone away", "Mount it again, then deploy again."),
    errno.EISDIR: ("something that is no file lies in its place", "Look at what it is, move it away, and try again."),
    errno.ELOOP: ("something that is no file lies in its place", "Look at what it is, move it away, and try again."),
    errno.ENXIO: ("something that is no file lies in its place", "Look at what it is, move it away, and try again."),
    errno.ENOTDIR: ("a file lies in the place of a folder", "Look at what it is, move it away, and try again."),
    errno.EEXIST: ("a file lies in the place of a folder", "Look at what it is, move it away, and try again."),
    errno.EIO: ("the disk reports an error", "Look at the disk or the mount, then deploy again."),
}


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn what the operating system refuses into a `DestinationError`: "cannot <doing>: the disk is full"."""
    try:
        yield
    except OSError as error:
        reason, hint = _HINTS.get(error.errno or 0, (error.strerror or str(error), ""))
        where = f" ({error.filename})" if error.filename else ""
        raise DestinationError(f"cannot {doing}: {reason}{where}", hint=hint) from error


def write_durably(path: Path, data: bytes) -> None:
    """Put `data` at `path` all at once: after a crash the old content is there, or the new, and never a part."""
    temporary = path.with_name(f"{path.name}.new")
    try:
        write_new(temporary, data, 0o644, sync=True)
        temporary.rename(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write_new(path: Path, data: bytes, mode: int, *, sync: bool = False) -> None:
    """Write a file with exactly `mode`, whatever the umask."""
    descriptor = open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        os.fchmod(descriptor, mode)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_regular(path: Path) -> bytes:
    """The bytes of a file that is no symbolic link."""
    with open(open_regular(path, os.O_RDONLY), "rb") as file:
        return file.read()


def open_regular(path: Path, flags: int, mode: int = 0o644) -> int:
    """A descriptor of the file at `path`. A pipe, a link or whatever else there is an OSError; none is waited for."""
    # Without O_NONBLOCK a pipe would be waited for until somebody opens its other end.
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC, mode)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), str(path))
    return descriptor


def remove_file(path: Path) -> None:
    """Remove a file for good; one that is not there is fine."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def names(folder: Path) -> list[str]:
    """The names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def sync_folder(path: Path) -> None:
    """Put the names in a folder on disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_tree(folder: Path) -> None:
    """Put a flat folder and all its files on disk."""
    files = list(folder.iterdir())
    if len(files) > _FEW and _sync_file_system(folder):
        return
    for file in files:
        _sync(file, os.O_RDONLY)
    sync_folder(folder)


def remove_tree(folder: Path) -> None:
    """Remove a flat folder, also one that was made read-only."""
    folder.chmod(0o700)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(folder: Path) -> bool:
    """Whether syncfs(2) put everything on disk: one wait where ten thousand files would be as many."""
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if call(descriptor) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)
    return True
