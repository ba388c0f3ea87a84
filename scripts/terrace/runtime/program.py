"""A program in any language, started with its configuration and kept in step with it: by a signal, or by a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from terrace.errors import RefusedError, TerraceError
from terrace.opening import in_memory
from terrace.runtime.handle import Handle
from terrace.runtime.revision import Revision
from terrace.runtime.values import Values

GRACE = 10.0
"""Seconds that a program has to end after SIGTERM, before SIGKILL."""
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Given(NamedTuple):
    """What a program is given of one revision: variables for its environment, and files by path."""

    variables: Mapping[str, str]
    files: Mapping[Path, str]


Render = Callable[[Revision[Values]], Given]


class Program:
    """Runs `command`. At each change its files are written anew; then it gets `signal`, or is started again if None.

    Files hold secrets: they stand in memory-backed storage, are the owner's alone, and are removed at the end.
    """

    def __init__(
        self, handle: Handle[Values], command: list[str], render: Render, *, notify: int | None, follows: bool
    ) -> None:
        self._handle = handle
        self._command = command
        self._render = render
        self._notify = notify
        self._follows = follows
        self._changed = threading.Event()
        self._ending = False
        self._process: subprocess.Popen[bytes] | None = None
        self._files: set[Path] = set()

    def run(self) -> int:
        """The exit code of the program, when it has ended by itself or by a signal that was passed on to it."""
        given = self._render(self._handle.revision)
        self._check_places(given)
        before = {number: signal.signal(number, self._pass_on) for number in _PASSED_ON}
        end = self._handle.on_change(lambda _: self._changed.set()) if self._follows else lambda: None
        try:
            self._write(given)
            self._start(given)
            return self._wait()
        finally:
            end()
            for number, handler in before.items():
                signal.signal(number, handler)
            for file in self._files:
                file.unlink(missing_ok=True)

    def _wait(self) -> int:
        while True:
            assert self._process is not None
            code = self._process.poll()
            if code is not None:
                return code if code >= 0 else 128 - code
            if self._changed.wait(0.1) and not self._ending:
                self._changed.clear()
                self._bring(self._render(self._handle.revision))

    def _bring(self, given: Given) -> None:
        """Give the running program what is new."""
        assert self._process is not None
        self._write(given)
        if self._notify is not None:
            self._process.send_signal(self._notify)
            return
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if not self._ending:
            self._start(given)

    def _start(self, given: Given) -> None:
        try:
            self._process = subprocess.Popen(self._command, env={**os.environ, **given.variables})
        except OSError as error:
            raise TerraceError(f"cannot run {self._command[0]}: {error.strerror}") from None
        except ValueError:
            raise TerraceError("a value holds a NUL character, which no variable can") from None

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._ending = True
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _check_places(self, given: Given) -> None:
        for file in given.files:
            if not in_memory(str(file.parent)):
                raise RefusedError(
                    f"{file} would hold secrets on a disk",
                    hint="Name a file below /dev/shm, XDG_RUNTIME_DIR or another tmpfs.",
                )

    def _write(self, given: Given) -> None:
        for file, text in given.files.items():
            temporary = file.with_name(f".{file.name}.{os.getpid()}")
            try:
                self._files |= {file, temporary}
                descriptor = os.open(
                    temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
                )
                with open(descriptor, "w", encoding="utf-8", newline="") as stream:
                    stream.write(text)
                temporary.replace(file)
            except OSError as error:
                raise TerraceError(f"cannot write {file}: {error.strerror}") from error
