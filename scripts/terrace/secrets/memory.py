"""The one file in which plain secrets ever stand: in memory-backed storage, guarded, and gone when we are.

A folder that only its owner may enter holds the file. Another process, in a session of its own, removes the folder when
ours ends, by SIGKILL too. If that one is killed as well, its lock goes with it, and the next command sweeps the folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from terrace.errors import RefusedError, TerraceError
from terrace.opening import in_memory

_SHARED_MEMORY = "/dev/shm"


def places(environ: Mapping[str, str]) -> list[str]:
    """The folders in memory that such a file may stand in, the best first."""
    asked = (environ.get("XDG_RUNTIME_DIR", ""), _SHARED_MEMORY)
    return [each for each in asked if each.startswith("/") and os.access(each, os.W_OK | os.X_OK) and in_memory(each)]


def sweep(environ: Mapping[str, str]) -> int:
    """Remove what killed processes of this user left, and count it."""
    swept = 0
    for place in {environ.get("XDG_RUNTIME_DIR", ""), _SHARED_MEMORY}:
        for folder in Path(place).glob(f"{_prefix()}*") if place.startswith("/") else ():
            swept += _remove_if_left(folder)
    return swept


@contextmanager
def guarded(environ: Mapping[str, str], name: str, text: str) -> Iterator[Path]:
    """A file called `name` with `text` in it, for as long as the block goes on."""
    sweep(environ)
    there = places(environ)
    if not there:
        raise RefusedError(
            "there is no place in memory for the plain text: neither XDG_RUNTIME_DIR nor /dev/shm is a tmpfs",
            hint="Set single values instead: terrace secrets set",
        )
    folder = Path(tempfile.mkdtemp(prefix=_prefix(), dir=there[0]))
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_SH)
    guard = _guard(folder, lock)
    try:
        file = folder / name
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if guard.stdin:
            guard.stdin.close()
        guard.wait()
        os.close(lock)


def _guard(folder: Path, lock: int) -> subprocess.Popen[bytes]:
    """The guard of a folder, once it is up. It holds the lock too."""
    program = str(Path(__file__).with_name("guard.py"))
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock,),
        start_new_session=True,
        cwd="/",
        env={},
    )
    assert guard.stdout is not None
    with guard.stdout as said:
        if said.read(1) != b".":
            raise TerraceError("the guard of the plain text did not start, so there is none")
    return guard


def _remove_if_left(folder: Path) -> bool:
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return False
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _prefix() -> str:
    return f"terrace-edit-{os.getuid()}-"
