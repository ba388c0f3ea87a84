"""SIGKILL of those who serve and of the process that follows, at random moments, under load and between releases."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from terrace.bundle import verify
from tests.server.conftest import eventually
from tests.server.process import Running
from tests.server.test_following import EDITS, SECONDS, Yard, followers, following, kinds, pool
from tests.soak import rounds

_URL = "/v1/config/backend/development"


class Load(threading.Thread):
    """A client that asks all the time. What it got whole is kept as the two numbers that are always edited together."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._ended = threading.Event()
        self.seen: list[tuple[int, int]] = []
        self.wrong: list[str] = []
        self.dropped = 0

    def run(self) -> None:
        while not self._ended.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            try:
                while not self._ended.is_set():
                    self._ask(connection)
            except (OSError, http.client.HTTPException):
                # Whoever answered was killed: a client sees a connection that ended, never less than was announced.
                self.dropped += 1
                time.sleep(0.01)
            finally:
                connection.close()

    def end(self) -> None:
        self._ended.set()
        self.join(timeout=30)
        assert not self.is_alive()

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", _URL)
        response = connection.getresponse()
        body = response.read()
        if response.status == 200:
            values = json.loads(body)["values"]
            self.seen.append((values["database"]["pool_max"], values["cache"]["menu_ttl"]))
        elif response.status != 503:  # a worker that starts has nothing yet
            self.wrong.append(f"{response.status}: {body[:200]!r}")


def edit(yard: Yard, number: int) -> None:
    """Both numbers, in one edit."""
    text, count = re.subn(r"(pool_max|menu_ttl): .*", rf"\1: {number}", yard.file().read_text())
    assert count == 2
    beside = yard.file().with_name(".backend.yaml.swp")
    beside.write_text(text)
    beside.rename(yard.file())


def workers(running: Running, yard: Yard) -> list[int]:
    """The processes that serve: children of the parent that do not follow, nor clean up after others."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            words = (each / "stat").read_text().rpartition(")")[2].split() if each.name.isdigit() else []
            command = (each / "cmdline").read_bytes() if words else b""
        except OSError:
            continue
        if words and int(words[1]) == running.process.pid and b"spawn_main" in command:
            found.append(int(each.name))
    return sorted(set(found) - set(followers(yard)))


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@pytest.mark.soak
def test_kills_under_load_lose_no_release_and_show_nothing_mixed(yard: Yard) -> None:
    chance = random.Random(2711)
    number = 5
    edit(yard, number)
    # A worker that starts before there is any release finds the first one with its next look.
    with following(yard, *EDITS) as running:
        eventually(lambda: pool(running) == number, SECONDS)
        assert running.stop() == 0
    with following(yard, *EDITS, "--workers", "2") as running:
        eventually(lambda: _everywhere(running, number), SECONDS)
        loads = [Load(running.port) for _ in range(3)]
        for load in loads:
            load.start()
        for turn in range(rounds(4)):
            number = number % 90 + 6
            edit(yard, number)
            time.sleep(chance.uniform(0.0, 0.5))
            victims = [*followers(yard)[: turn % 2], *chance.sample(workers(running, yard), k=1)]
            for process in victims:
                os.kill(process, signal.SIGKILL)
            seen = {load: len(load.seen) for load in loads}
            eventually(lambda wanted=number: _everywhere(running, wanted), SECONDS)
            eventually(lambda seen=seen: all(len(load.seen) > seen[load] for load in loads), SECONDS)
        for load in loads:
            load.end()
        assert running.stop() == 0
    assert [load.wrong for load in loads] == [[], [], []]
    assert sum(load.dropped for load in loads) > 0, "nobody was asking one that was killed"
    assert {pair for load in loads for pair in load.seen if pair[0] != pair[1]} == set()
    root = yard.destination().root
    assert [verify((root / service / "..data").resolve()) for service in ("backend", "worker")] == [[], []]
    numbers = [release.number for release in yard.destination().releases()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not list((yard.repo / ".terrace").glob("serving-*"))


def _everywhere(running: Running, wanted: int) -> bool:
    """Whether each of several connections, which workers share among them, gets the number, and nothing is refused."""
    try:
        return not kinds(running) and all(pool(running) == wanted for _ in range(6))
    except (OSError, http.client.HTTPException):
        return False
