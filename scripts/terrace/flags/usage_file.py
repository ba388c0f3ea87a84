"""The file in which usage is kept: opened when it is needed, and begun anew where it is damaged."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

LARGEST = 512 << 20
"""Bytes that the file has at most."""
_PAGE = 4096
_BUSY = 2.0
_FORMAT = 1
_TABLES = """
create table minute (environment text, flag text, at integer, variant text, tenant text, reason text, n integer,
    primary key (environment, flag, at, variant, tenant, reason)) without rowid;
create table hour (environment text, flag text, at integer, variant text, tenant text, reason text, n integer,
    primary key (environment, flag, at, variant, tenant, reason)) without rowid;
create table last (environment text, flag text, variant text, at integer,
    primary key (environment, flag, variant)) without rowid;
create table batch (id text primary key, at integer) without rowid;
create index minute_at on minute (at);
create index hour_at on hour (at);
create index batch_at on batch (at);
"""
_ASIDE = (".damaged", "-wal.damaged", "-shm.damaged")
log = logging.getLogger("terrace.flags")
T = TypeVar("T")


class DamagedError(Exception):
    """The file is no database, or not one of ours."""


class UsageFile:
    """One SQLite file, shared by processes and threads. `use` may raise `sqlite3.Error` and `OSError`."""

    def __init__(self, path: Path, *, largest: int = LARGEST) -> None:
        self.path = path
        self.notice = ""
        """What was wrong with the file before this one; empty if nothing."""
        self._largest = largest
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._of: tuple[int, int, int] = (0, 0, 0)
        # What a parent had open must not be closed in a child, where that would give up the parent's locks.
        self._left: list[sqlite3.Connection] = []

    def use(self, work: Callable[[sqlite3.Connection], T], *, writes: bool) -> T:
        """What `work` gives, in one transaction. A damaged file is put aside, and a new one is begun."""
        with self._lock:
            try:
                return self._transaction(work, writes)
            except (DamagedError, sqlite3.DatabaseError) as error:
                if not _is_damage(error):
                    raise
                self._let_go()
                self._put_aside()
                self.notice = (
                    f"{self.path} was damaged ({error}): it is begun anew, the old one is {self.path}{_ASIDE[0]}"
                )
                log.error("%s", self.notice)
                return self._transaction(work, writes)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None and self._of[0] == os.getpid():
            self._connection.close()
        self._connection = None

    def _transaction(self, work: Callable[[sqlite3.Connection], T], writes: bool) -> T:
        connection = self._opened()
        connection.execute("begin immediate" if writes else "begin")
        try:
            found = work(connection)
            connection.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("rollback")
            raise
        return found

    def _opened(self) -> sqlite3.Connection:
        """The connection to the file that is at the path now; another process may have begun a new one."""
        if self._connection is not None:
            if self._of[0] != os.getpid():
                self._left.append(self._connection)
                self._connection = None
            elif self._of == _identity(self.path):
                return self._connection
            else:
                self._let_go()
        with _only_one(self.path):
            self._connection = _connected(self.path, self._largest)
        self._of = _identity(self.path)
        return self._connection

    def _put_aside(self) -> None:
        with _only_one(self.path):
            # While this process waited, another one may have begun a new file.
            with suppress(DamagedError, sqlite3.Error), closing(_connected(self.path, self._largest)) as found:
                if found.execute("pragma quick_check(1)").fetchone() == ("ok",):
                    return
            for ending, aside in zip(("", "-wal", "-shm"), _ASIDE, strict=True):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{ending}").replace(f"{self.path}{aside}")


def _connected(path: Path, largest: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        version = connection.execute("pragma user_version").fetchone()[0]
        tables = connection.execute("select count(*) from sqlite_master").fetchone()[0]
        if version == 0 and tables == 0:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(f"begin; {_TABLES} pragma user_version = {_FORMAT}; commit;")
        elif version != _FORMAT:
            raise DamagedError(f"{path} is not of a format that is known here")
        connection.execute("pragma synchronous = normal")
        connection.execute(f"pragma max_page_count = {largest // _PAGE}")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_damage(error: Exception) -> bool:
    """Whether the file is to blame, rather than who may not write it, or a disk that is full."""
    if isinstance(error, DamagedError):
        return True
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked at each batch
    except OSError:
        return os.getpid(), 0, 0
    return os.getpid(), found.st_dev, found.st_ino


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Within the block no other process opens or replaces the file."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + _BUSY
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.01)
        yield
    finally:
        os.close(lock)
