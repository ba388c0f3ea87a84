"""The content of many blobs, read through `git cat-file --batch`.

A process that has answered everything is kept for the next reading, so that reading a large repository one tenant at
a time costs one process, not thousands.
"""

from __future__ import annotations

import os
import subprocess
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from terrace.errors import GitError
from terrace.git import process

REQUESTS = 2048
"""Bytes of requests in one batch. Two batches are under way at most, and fit the smallest pipe there is (one page):
asking never blocks, so Git and we cannot wait for each other."""

CHUNK = 1 << 20

INCOMPLETE = "If it is a partial clone, bring everything here: git fetch --refetch --no-filter; if not: git fsck"

Reader = subprocess.Popen[bytes]


class Blobs:
    """Reads blobs of one repository."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._environment = environment
        self._idle: list[tuple[int, Reader]] = []
        weakref.finalize(self, _stop_all, self._idle)

    def read(self, oids: Sequence[str], most: int | None = None) -> Iterator[bytes]:
        """The content of each blob in turn, of each no more than its first `most` bytes."""
        if not oids:
            return
        size = max(1, REQUESTS // (len(oids[0]) + 1))
        batches = [oids[start : start + size] for start in range(0, len(oids), size)]
        reader = self._take()
        finished = False
        try:
            _ask(reader, batches[0])
            for number, batch in enumerate(batches, 1):
                if number < len(batches):
                    _ask(reader, batches[number])
                answers = _pipe(reader.stdout)
                for _ in batch:
                    yield _answer(answers, most)
            finished = True
        finally:
            # Answers that nobody took would be read as those of the next question.
            if finished:
                self._idle.append((os.getpid(), reader))
            else:
                _stop(reader)

    def _take(self) -> Reader:
        while self._idle:
            owner, reader = self._idle.pop()
            if owner == os.getpid():  # a forked child must not share its parent's pipes
                return reader
        return self._start()

    def _start(self) -> Reader:
        try:
            return subprocess.Popen(
                process.command(self._root, "cat-file", "--batch=%(objectsize)"),
                env=process.surroundings(self._environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=CHUNK,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise process.missing() from error


def _ask(reader: Reader, oids: Sequence[str]) -> None:
    try:
        os.write(_pipe(reader.stdin).fileno(), ("\n".join(oids) + "\n").encode())
    except BrokenPipeError as error:
        raise _ended() from error


def _answer(answers: IO[bytes], most: int | None) -> bytes:
    header = answers.readline()
    try:
        size = int(header)
    except ValueError:
        raise _without(header) if header else _ended() from None
    wanted = size if most is None else min(size, most)
    data = answers.read(wanted)
    left = size - wanted
    while left > 0:
        skipped = len(answers.read(min(left, CHUNK)))
        if not skipped:
            raise _ended()
        left -= skipped
    if len(data) != wanted or answers.read(1) != b"\n":
        raise _ended()
    return data


def _without(header: bytes) -> GitError:
    oid = header.split(b" ", 1)[0].decode("ascii", "backslashreplace")
    return GitError(f"this clone does not hold the object {oid[:12]}", hint=INCOMPLETE)


def _ended() -> GitError:
    # What Git does before 2.45 when it may not fetch what a partial clone lacks.
    return GitError("Git ended before it had given every file: this clone does not hold all of them", hint=INCOMPLETE)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "the process was started with pipes"
    return pipe


def _stop(reader: Reader) -> None:
    reader.kill()
    _pipe(reader.stdin).close()
    _pipe(reader.stdout).close()
    reader.wait()


def _stop_all(idle: list[tuple[int, Reader]]) -> None:
    for owner, reader in idle:
        if owner == os.getpid():
            _stop(reader)
