"""One deployer at a time: a lock that the kernel frees, and a note in it of who holds it.

The lock is `flock` on a file, so it is free as soon as its process is gone, however it went. The note in the file says
who: host, process, the host's boot id, since when. A note that outlives its process tells what happened:

    flock is held                           somebody works: LockedError with the owner and the age
    free, no note                           nobody works
    free, note of this boot of the kernel   the owner was killed: taken over
    free, note of this host, another boot   the host was restarted: taken over
    free, note of another host              flock may not reach across hosts on this mount, so the owner may still
                                            work: LockedError, until somebody breaks the lock by the owner's name
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from terrace.deploy.clock import age, stamp
from terrace.deploy.disk import open_regular, told
from terrace.errors import LockedError


class Owner(NamedTuple):
    """The process that holds the lock, or held it when it died."""

    host: str
    pid: int
    boot: str
    since: str

    @property
    def name(self) -> str:
        """What the lock is broken by: `host:pid`."""
        return f"{self.host}:{self.pid}"


@contextmanager
def locked(path: Path, now: datetime) -> Iterator[Owner | None]:
    """Hold the lock at `path`. Gives the owner that died with it, if one did."""
    with told("lock the destination"):
        descriptor = open_regular(path, os.O_RDWR | os.O_CREAT)
    try:
        left = _take(descriptor, now)
        me = Owner(os.uname().nodename, os.getpid(), _boot(), stamp(now))
        with told("lock the destination"):
            _note(descriptor, orjson.dumps(me._asdict()))
        try:
            yield left
        finally:
            with suppress(OSError):
                _note(descriptor, b"")
    finally:
        os.close(descriptor)


def break_lock(path: Path, owner: str, now: datetime) -> Owner:
    """Forget the owner `host:pid` that is noted in the lock at `path`. Refused while a process here holds the lock."""
    with told("open the lock"):
        descriptor = open_regular(path, os.O_RDWR | os.O_CREAT)
    try:
        noted = _noted(descriptor)
        if noted is None or noted.name != owner:
            held = f"it is held by {noted.name}" if noted else "nobody holds it"
            raise LockedError(f"the lock is not held by {owner}: {held}", hint="Give the owner as it was reported.")
        if not _flock(descriptor):
            raise _busy(noted, now)
        with told("break the lock"):
            _note(descriptor, b"")
        return noted
    finally:
        os.close(descriptor)


def _take(descriptor: int, now: datetime) -> Owner | None:
    if not _flock(descriptor):
        raise _busy(_noted(descriptor), now)
    left = _noted(descriptor)
    if left is None or (left.boot and left.boot == _boot()) or left.host == os.uname().nodename:
        return left
    raise LockedError(
        f"the destination is locked by {left.name}, on another host, since {left.since} ({age(left.since, now)} ago)",
        hint=f"If that process is gone, break the lock by its owner's name: {left.name}",
    )


def _flock(descriptor: int) -> bool:
    with told("lock the destination"):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _busy(owner: Owner | None, now: datetime) -> LockedError:
    who = f"{owner.name}, since {owner.since} ({age(owner.since, now)} ago)" if owner else "a process that just began"
    return LockedError(
        f"the destination is locked by {who}", hint="Wait until that deployment has ended, then try again."
    )


def _noted(descriptor: int) -> Owner | None:
    data = os.pread(descriptor, 4096, 0)
    try:
        raw = orjson.loads(data)
        return Owner(str(raw["host"]), int(raw["pid"]), str(raw["boot"]), str(raw["since"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        # A note that was cut short by a full disk or a crash says nothing; its process had not begun to write.
        return None


def _note(descriptor: int, data: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, data, 0)
    os.fsync(descriptor)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().decode().strip()
    except OSError:
        return ""
