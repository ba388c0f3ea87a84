"""Small real repositories, made with the real git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

WHEN = "2026-03-01T12:00:00+00:00"


class Repo:
    """A Git repository in a folder, and git to work on it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str, **environment: str) -> str:
        """What git wrote."""
        command = ["git", "-C", str(self.path), *arguments]
        ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode().strip()

    def write(self, files: dict[str, str]) -> None:
        """Put files into the work tree."""
        for path, text in files.items():
            (self.path / path).parent.mkdir(parents=True, exist_ok=True)
            (self.path / path).write_text(text)

    def commit(self, message: str = "Change", when: str = WHEN, **files: str) -> str:
        """The id of a commit of everything in the work tree, and `files`."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, GIT_COMMITTER_DATE=when, GIT_AUTHOR_DATE=when)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody's own configuration of Git, and no hook's variables, reach a test."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@harbour.example")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository without commits, on branch `main`."""
    return make(tmp_path / "repo")


def make(path: Path, *options: str) -> Repo:
    path.mkdir(parents=True)
    made = Repo(path)
    made.git("init", "--quiet", "--initial-branch=main", *options)
    return made
