"""A copy of the repository whose development secrets open with a key that lies beside it."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage

from terrace.model.typed import put
from terrace.sops import create, inspect

ENVIRONMENT = "development"
_PARTS = ("environments", "tenants", "flags", "schemas", "pyproject.toml", "recipients.yaml", ".sops.yaml")


class Copy:
    """The copy in `folder`: `repo/`, the key, the audit log and the releases."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self.repo = folder / "repo"
        self._key = folder / "key.txt"
        self._audit = folder / "audit"

    @property
    def shown(self) -> str:
        """The copy's path, short where it can be."""
        here = Path.cwd()
        return str(self.repo.relative_to(here) if self.repo.is_relative_to(here) else self.repo)

    @property
    def source(self) -> Path:
        """The destination of the development environment."""
        return self.repo / ".terrace" / "releases" / ENVIRONMENT

    @property
    def variables(self) -> dict[str, str]:
        """What a process has to have in its environment to load from here."""
        return {
            "TERRACE_SOURCE": str(self.source),
            "TERRACE_ENV": ENVIRONMENT,
            "TERRACE_AUDIT_LOG": str(self._audit),
            "SOPS_AGE_KEY_FILE": str(self._key),
        }

    def make(self) -> None:
        """Copy, and give the copy's development environment a key and secrets of its own; nothing if it is there."""
        if self._key.exists():
            return
        shutil.rmtree(self.repo, ignore_errors=True)
        self.repo.mkdir(parents=True)
        for name in _PARTS:
            source = self._root / name
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, self.repo / name)
        key = pyrage.x25519.Identity.generate()
        register = self.repo / "recipients.yaml"
        old = re.findall(r"key: (age1\S+)", register.read_text())[0]
        for file in (register, self.repo / ".sops.yaml"):
            file.write_text(file.read_text().replace(old, str(key.to_public())))
        for file in sorted(self.repo.rglob("*.secrets.yaml")):
            if ENVIRONMENT in file.parts:
                self._seal(file, old, str(key.to_public()))
        (self.repo / ".gitignore").write_text("/.terrace/\n")
        self._git("init", "--quiet")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "The example's copy, with a key of its own")
        self._key.touch(mode=0o600)
        self._key.write_text(f"{key}\n")

    def deploy(self) -> None:
        """Deploy the development environment of the copy."""
        command = [sys.executable, "-m", "terrace", "-C", str(self.repo), "deploy", "--env", ENVIRONMENT]
        subprocess.run(command, check=True)

    def _git(self, *arguments: str) -> None:
        who = ("-c", "user.name=Example", "-c", "user.email=example@harbourkitchen.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=self.repo, check=True)

    def _seal(self, file: Path, old: str, new: str) -> None:
        """Put random values where the secrets are, for the new key and whoever else could open them."""
        sealed = inspect(file.read_text())
        recipients = [new if each.recipient == old else each.recipient for each in sealed.recipients]
        values: dict[str, Any] = {}
        for pointer in (leaf.pointer for leaf in sealed.leaves):
            put(values, pointer, secrets.token_urlsafe(48))
        file.write_text(create(values, recipients, now=datetime.now(UTC)))
