"""A repository with flags that a real process follows, and the way to it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terrace.deploy.directory import DirectoryDestination
from terrace.server import following
from terrace.server.audited import FILE, folder_of
from terrace.server.door import Door
from terrace.server.problems import ProblemError
from terrace.server.turning.wanted import Wanted
from tests.git.conftest import Repo, make
from tests.server.conftest import eventually
from tests.toggle.conftest import FILES

ENVIRONMENTS = ("development", "staging", "production")


class Counter:
    """A repository on `main`, and a server's own folder. `ask` asks the process that follows it."""

    def __init__(self, repo: Repo, own: Path) -> None:
        self.repo, self.own = repo, own
        self.door = Door(own)

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """The answer."""
        return dict(asyncio.run(self.door.ask({"do": do, **more})))

    def toggle(self, verb: str, flag: str = "checkout-v2", environment: str = "staging", **more: Any) -> dict[str, Any]:
        """The answer to a toggle by Grace."""
        said = {"verb": verb, "flag": flag, "environment": environment, "reason": "because", "base": "", **more}
        return self.ask("toggle", **{"actor": {"name": "Grace Hopper"}, **said})

    def released(self, environment: str = "staging") -> dict[str, Any]:
        """The flags that are current at the destination, as flagd reads them."""
        folder = DirectoryDestination(self.repo.path / ".terrace/releases" / environment).root / "_flags/..data"
        values: dict[str, Any] = json.loads((folder / "config.json").read_bytes())["values"]["flags"]
        return values

    @property
    def audit(self) -> list[dict[str, Any]]:
        """Every record of what was done to flags, and refused."""
        return [json.loads(line) for line in (folder_of(self.own) / FILE).read_text().splitlines()]


def kitchen(path: Path, **more: str) -> Repo:
    """A repository with flags and a destination for each environment, committed."""
    repo = make(path)
    files = {**FILES, ".gitignore": ".terrace/\n", **more}
    for name in ENVIRONMENTS:
        files[f"environments/{name}/environment.yaml"] += f"destinations: [{{directory: .terrace/releases/{name}}}]\n"
    repo.commit("Start", **files)
    return repo


@contextmanager
def counter(repo: Repo, ref: str = "refs/heads/main", **more: Any) -> Iterator[Counter]:
    """The repository, followed by a process as `terrace serve` starts it, from when that has turned it once."""
    environments = ENVIRONMENTS if ref else ENVIRONMENTS[:1]
    with following.own_folder(repo.path) as (own, lock):
        wanted = Wanted(str(repo.path), ref, environments, str(own), "ada (terrace serve)", **more)
        process = following.Following(wanted._asdict(), lock)
        try:
            eventually(lambda: following.state(own)["state"] != "starting", 60)
            there = Counter(repo, own)
            eventually(lambda: answers(there))
            yield there
        finally:
            process.stop()


def answers(there: Counter) -> bool:
    """Whether somebody is behind the door."""
    try:
        return there.ask("list")["status"] == 200
    except ProblemError:
        return False


def process_of(there: Counter) -> int:
    """The process that follows it."""
    for each in Path("/proc").iterdir():
        try:
            words = (each / "cmdline").read_bytes().split(b"\0") if each.name.isdigit() else []
        except OSError:
            continue
        if b"terrace.server.turning" in words and any(os.fsencode(there.own) in word for word in words):
            return int(each.name)
    raise AssertionError("nobody follows it")
