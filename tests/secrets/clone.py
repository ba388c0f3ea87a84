"""A real Git repository with secrets files in it, whose Git has Terrace's drivers."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terrace import cli, sops
from terrace.sops import Opened
from tests.secrets.conftest import Person

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PATH = "environments/production/orders.secrets.yaml"
PROGRAM = Path(sys.executable).parent / "terrace"


class Clone:
    """One clone, with the private key of one person."""

    def __init__(self, folder: Path, person: Person, *, drivers: bool = True) -> None:
        self.folder = folder / "clone"
        self.person = person
        (self.folder / "environments").mkdir(parents=True)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "SOPS_AGE_KEY": person.text,
            **{f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        self.git("init", "-q", "-b", "main")
        if drivers:
            assert cli.run(["-C", str(self.folder), "secrets", "install-git-drivers"]) == 0

    def attempt(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """What `git ARGUMENTS` came to."""
        return self._run(["git", *arguments], environ)

    def git(self, *arguments: str, **environ: str) -> str:
        """What `git ARGUMENTS` printed; it must succeed."""
        done = self.attempt(*arguments, **environ)
        assert done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def terrace(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """What `terrace ARGUMENTS` came to, at the top of the clone."""
        return self._run([str(PROGRAM), *arguments], environ)

    def _run(self, command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def write(self, text: str, path: str = PATH) -> None:
        """A file of the work tree."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8"))

    def read(self, path: str = PATH) -> str:
        """The same."""
        return (self.folder / path).read_bytes().decode("utf-8")

    def commit(self, texts: dict[str, str] | str, message: str = "change") -> str:
        """A commit of these files."""
        for path, text in {PATH: texts}.items() if isinstance(texts, str) else texts.items():
            self.write(text, path)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def branches(self, base: Any, ours: Any, theirs: Any) -> None:
        """The branch `theirs`, and main on which we stand, each one commit behind what both have."""
        start = self.commit(base)
        self.git("checkout", "-q", "-B", "theirs")
        self.commit(theirs, "theirs")
        self.git("checkout", "-q", "-B", "main", start)
        self.commit(ours, "ours")

    def opened(self, path: str = PATH) -> Opened:
        """A file of the work tree, opened with the person's key."""
        return sops.open_(self.read(path), self.person.identities)


def made(values: dict[str, Any], *recipients: Person) -> str:
    """A new file."""
    return sops.create(values, [person.recipient for person in recipients], now=NOW)


def edited(text: str, person: Person, changes: dict[str, Any]) -> str:
    """The file with other values, by dotted path; None takes one away."""
    by_pointer = {tuple(path.split(".")): sops.REMOVED if value is None else value for path, value in changes.items()}
    return sops.open_(text, person.identities).changed(by_pointer, NOW)


def rekeyed(text: str, person: Person, *recipients: Person, rotate: bool = True) -> str:
    """The file for other recipients, under a new data key or the one it has."""
    opened, names = sops.open_(text, person.identities), [each.recipient for each in recipients]
    return opened.rotated(names, NOW) if rotate else opened.rewrapped(names)


def plain(value: Any) -> Any:
    """Values without their wrapping."""
    from terrace.model.secret import Secret

    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value
