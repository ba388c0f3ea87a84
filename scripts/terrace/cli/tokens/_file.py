"""The file of tokens, as the commands read and write it."""

from __future__ import annotations

import fcntl
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import TerraceError

if TYPE_CHECKING:
    from terrace.server.tokens import Token


def add_file(parser: ArgumentParser) -> None:
    """`--tokens FILE`."""
    parser.add_argument("--tokens", required=True, metavar="FILE", help="the file of tokens, as terrace serve has it")


@contextmanager
def held(path: Path) -> Iterator[list[Token]]:
    """The tokens in the file, none if there is no file yet. What the list holds at the end is written."""
    from terrace.server import tokens

    try:
        lock = open(path.with_name(f".{path.name}.lock"), "w")  # noqa: SIM115 - closed below, with the lock
    except OSError as error:
        raise TerraceError(f"cannot write beside {path}: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = list(tokens.read(path)) if path.exists() else []
        now = list(before)
        yield now
        if now != before:
            tokens.write(path, now)
