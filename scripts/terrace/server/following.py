"""The process that turns a repository into releases, as its parent keeps it and as those who serve see it.

It is started by `terrace serve --repo`, once whatever the number of workers is, and started again if it dies. What it
does is in `turning`; nothing of that is imported here. Those who serve know of it by one file.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from terrace.errors import TerraceError
from terrace.server.callers import Caller

FILE = "state.json"
SERVED = "served"
_LOCK = "lock"
_LAST = 30.0
"""Seconds that a delivery has to end in, once the server is told to stop."""
_LONGEST_PAUSE = 30.0
_GOOD = 60.0

log = logging.getLogger("terrace.server")
State: TypeAlias = dict[str, Any]


@contextmanager
def own_folder(repository: Path) -> Iterator[tuple[Path, int]]:
    """A folder for this server below the repository's `.terrace`, and the lock that says that somebody uses it.

    What servers left behind that were killed is removed.
    """
    top = repository / ".terrace"
    try:
        top.mkdir(parents=True, exist_ok=True)
        for left in top.glob("serving-*"):
            _remove_if_left(left)
        folder = Path(tempfile.mkdtemp(prefix="serving-", dir=top)).absolute()
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / SERVED).mkdir()
    except OSError as error:
        raise TerraceError(f"cannot write below {top}: {error.strerror}", hint="Following writes there.") from error
    try:
        yield folder, lock
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    with suppress(OSError):
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


class Following:
    """The one process that follows. `wanted` is what it is told, `lock` what it holds as long as it lives."""

    def __init__(self, wanted: Mapping[str, Any], lock: int) -> None:
        self._wanted, self._lock = wanted, lock
        self._ended = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._keep, name="terrace-following", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end, and wait until what it delivers is delivered."""
        self._ended.set()
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_LAST)
        except subprocess.TimeoutExpired:
            log.error("the process that follows does not end, and is killed: the next one finishes what it began")
            process.kill()
            process.wait()
        self._thread.join(timeout=10)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "terrace.server.turning", json.dumps(self._wanted)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[self._lock])

    def _keep(self) -> None:
        """Start it again when it ends by itself; later each time it ends soon."""
        pause = 0.5
        while True:
            begun = time.monotonic()
            code = self._process.wait()
            if self._ended.is_set():
                return
            log.error("the process that follows ended (%d), and is started again", code)
            _note_end(Path(self._wanted["own"]))
            pause = 0.5 if time.monotonic() - begun > _GOOD else min(pause * 2, _LONGEST_PAUSE)
            if self._ended.wait(pause):
                return
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = self._start()


def starter(wanted: Mapping[str, Any], lock: int) -> Callable[[], Following]:
    """Starts it."""
    return lambda: Following(wanted, lock)


def _note_end(own: Path) -> None:
    reason = "the process that follows has ended; it is started again"
    refused = {"environment": "", "destination": "", "kind": "failed", "reason": reason, "errors": 0, "findings": []}
    with suppress(OSError):
        temporary = own / f".{FILE}"
        temporary.write_bytes(orjson.dumps({**state(own), "state": "degraded", "refused": [refused]}))
        temporary.rename(own / FILE)


def state(own: Path) -> State:
    """What was last said of the turning."""
    try:
        said: State = orjson.loads((own / FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {"state": "starting", "refused": [], "environments": []}
    return said


def brief(said: State) -> dict[str, Any]:
    """For anybody: whether it is well, and how much is refused."""
    refused = said["refused"]
    return {"status": said["state"], "refused": len(refused), "findings": sum(each["errors"] for each in refused)}


def told(said: State, caller: Caller) -> State:
    """All of it that is of environments which the caller may read."""

    def may(environment: str) -> bool:
        return not environment or caller.reads(environment)

    return {
        **{name: value for name, value in said.items() if name != "state"},
        "status": said["state"],
        "environments": [each for each in said["environments"] if may(each)],
        "refused": [each for each in said["refused"] if may(each["environment"])],
        "overrides": [each for each in said.get("overrides", ()) if may(each["environment"])],
    }


def metrics(said: State) -> Iterator[tuple[str, str, str, float]]:
    """Name, type, help and value of each number about it."""
    families = (
        ("turns_total", "counter", "States of the repository that were looked at.", said.get("turns", 0)),
        ("releases_total", "counter", "Releases that were made.", said.get("releases", 0)),
        ("refusals_total", "counter", "Reasons for which an environment was not released.", said.get("refusals", 0)),
        ("degraded", "gauge", "1 while an environment is not released.", int(said["state"] == "degraded")),
        ("findings", "gauge", "Findings that keep environments from being released.", brief(said)["findings"]),
        ("overrides", "gauge", "Kills that count, and are not in the branch yet.", len(said.get("overrides", ()))),
        ("turn_seconds", "gauge", "How long the last turn took.", said.get("seconds", 0.0)),
    )
    for name, kind, says, value in families:
        yield f"terrace_following_{name}", kind, says, value
