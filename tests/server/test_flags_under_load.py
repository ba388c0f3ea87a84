"""Flags changed over HTTP by many at the same time, and while the process that writes is killed: nothing is lost."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terrace.asking import book
from terrace.deploy.directory import DirectoryDestination
from terrace.server import tokens
from tests.git.conftest import Repo
from tests.server.conftest import eventually
from tests.server.counter import kitchen
from tests.server.process import Running, once
from tests.soak import rounds
from tests.toggle.conftest import PATH, alone

__all__ = ["alone"]

WRITERS = 50
SECONDS = 120


def many(number: int) -> str:
    """An area with so many flags."""
    flags = [
        f"  flag-{each}:\n    type: boolean\n    owner: team\n    created: 2026-11-01\n    permanent: true\n"
        f"    variants: {{on: true, off: false}}\n    off_variant: off\n"
        f"    environments:\n      staging: {{default: off}}\n"
        for each in range(number)
    ]
    return "flags:\n" + "".join(flags)


class House:
    """A repository on `main`, and the server that follows it."""

    def __init__(self, repo: Repo, running: Running, token: str) -> None:
        self.repo, self.running, self._token = repo, running, token

    def change(self, flag: str, do: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a change in staging."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=SECONDS)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", f"/v1/flags/staging/{flag}", json.dumps({"do": do, **more}), headers)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def served(self) -> dict[str, str]:
        """What staging's flags are by default, as they are served."""
        reply = once(self.running.port, "/v1/flags/staging", Authorization=f"Bearer {self._token}")
        flags = json.loads(reply.body)["flags"] if reply.status == 200 else {}
        return {key: flag.get("defaultVariant", "") for key, flag in flags.items()}

    def written(self) -> dict[str, str]:
        """What they are in the branch."""
        flags = book(self.repo.path, at="main").flags.flags
        return {key: flag.states["staging"].default or "" for key, flag in flags.items() if "staging" in flag.states}

    def commits(self) -> list[str]:
        """The commits of the branch that flags were changed by, the oldest first."""
        return self.repo.git("log", "--reverse", "--format=%H", "--grep=^Requested-by:", "main").split()


@contextmanager
def house(folder: Path, *options: str) -> Iterator[House]:
    repo = kitchen(folder / "kitchen", **{PATH: many(WRITERS)})
    kept = folder / "tokens.yaml"
    scopes = tokens.Scopes(("*",), ("*",), ("*",), ("read", "flags", "write"))
    token, made = tokens.new("crowd", scopes, now=datetime.now(UTC), days=1)
    tokens.write(kept, [made])
    command = [sys.executable, "-m", "terrace", "serve", "--repo", str(repo.path), "--follow", "main"]
    command += ["--env", "staging", "--port", "0", "--rate", "0", "--no-access-log", "--tokens", str(kept), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    running = Running(process)
    try:
        eventually(lambda: process.poll() is not None or (running.port and up(running)), SECONDS)
        assert process.poll() is None, "".join(running.said)
        there = House(repo, running, token)
        eventually(lambda: len(there.served()) == WRITERS, SECONDS)
        yield there
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        running._reader.join(timeout=10)
        assert process.stderr is not None
        process.stderr.close()


def up(running: Running) -> bool:
    """Whether it answers."""
    with suppress(OSError):
        return once(running.port, "/readyz").status == 200
    return False


def followers(repo: Repo) -> list[int]:
    """The processes that follow the repository."""
    found = []
    for each in Path("/proc").iterdir():
        with suppress(OSError):
            words = (each / "cmdline").read_bytes().split(b"\0") if each.name.isdigit() else []
            if b"terrace.server.turning" in words and any(os.fsencode(repo.path) in word for word in words):
                found.append(int(each.name))
    return found


def test_fifty_who_write_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    with house(tmp_path, "--workers", "2") as there:
        base = there.repo.git("rev-parse", "main")
        with ThreadPoolExecutor(WRITERS) as pool:
            asked = [pool.submit(there.change, f"flag-{n}", "set", variant="on", base=base) for n in range(WRITERS)]
            answers = [each.result() for each in asked]
        assert [status for status, _ in answers] == [200] * WRITERS
        assert all(said["changed"] and not said["proposed"] for _, said in answers)
        assert sorted(said["commit"] for _, said in answers) == sorted(there.commits())
        assert set(there.written().values()) == {"on"}
        eventually(lambda: set(there.served().values()) == {"on"}, SECONDS)
        assert there.repo.git("status", "--porcelain") == ""


def test_a_branch_that_always_moves_is_released_meanwhile(tmp_path: Path) -> None:
    """A commit stays what it is while it is turned: nobody has to wait until the next one has stopped coming."""
    with house(tmp_path) as there:
        there.repo.git("update-ref", "refs/heads/later", "main")
        later = chain(there.repo, 1000)
        file = there.repo.path / ".git/refs/heads/main"
        for commit in later:
            (file.parent / "main.new").write_text(f"{commit}\n")
            (file.parent / "main.new").rename(file)
            time.sleep(0.004)
        releases = DirectoryDestination(there.repo.path / ".terrace/releases/staging").releases
        eventually(lambda: releases()[-1].commit == later[-1], SECONDS)
        assert len([each for each in releases() if each.commit in later[:-1]]) > 3


def chain(repo: Repo, length: int) -> list[str]:
    """So many commits on `later`, in each of which a flag is another one than in the last."""
    said = []
    for number in range(length):
        text = many(WRITERS).replace("owner: team", f"owner: team-{number}", 1)
        start = "" if number else "from refs/heads/later^0\n"
        said.append(
            f"commit refs/heads/later\ncommitter Ada <ada@harbour.example> 1780000000 +0000\ndata 2\n{number % 10}\n"
            f"{start}M 100644 inline {PATH}\ndata {len(text)}\n{text}\n"
        )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo.path, input="".join(said), text=True, check=True)
    return repo.git("log", "--reverse", "--format=%H", "main..later").split()


def test_kills_of_the_process_that_writes_lose_nothing_that_was_answered(tmp_path: Path) -> None:
    chance = random.Random(4417)
    with house(tmp_path) as there:
        over, made = threading.Event(), list[str]()

        def go_on(number: int) -> None:
            flag, state = f"flag-{number}", "on"
            while not over.is_set():
                status, said = there.change(flag, "set", variant=state)
                assert status in (200, 503), said
                if status == 200:
                    made.extend([said["commit"]] if said["changed"] else [])
                    state = "off" if state == "on" else "on"
                else:
                    over.wait(0.05)

        with ThreadPoolExecutor(4) as pool:
            crowd = [pool.submit(go_on, number) for number in range(4)]
            try:
                for _ in range(rounds(4)):
                    before = len(made)
                    eventually(lambda count=before: len(made) > count, SECONDS)
                    over.wait(chance.uniform(0.0, 0.3))
                    for process in followers(there.repo):
                        with suppress(ProcessLookupError):  # one that shared a turn's work may be done with it
                            os.kill(process, signal.SIGKILL)
            finally:
                over.set()
            for each in crowd:
                each.result()
        eventually(lambda: there.change("flag-49", "set", variant="on")[0] == 200, SECONDS)
        assert set(made) <= set(there.commits())
        eventually(lambda: there.served() == there.written(), SECONDS)
        assert there.repo.git("status", "--porcelain") == ""
        assert there.repo.git("fsck", "--strict", "--no-dangling") == ""
