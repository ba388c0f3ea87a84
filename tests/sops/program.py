"""The real `sops`, at pinned versions: built once from its published module, then kept in the user's cache."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

from tests import golang

VERSIONS = ("3.9.4", "3.13.3")
"""The oldest that we promise, and a current one. Not 3.13.2: its MAC is wrong for comments in lists."""


@cache
def built(version: str) -> Path:
    """The program of one version."""

    def build(go: str, folder: Path) -> None:
        command = [go, "install", "-ldflags", "-s -w", f"github.com/getsops/sops/v3/cmd/sops@v{version}"]
        subprocess.run(command, check=True, env={**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "local"})

    return golang.built(f"sops-{version}", build) / "sops"


class Sops:
    """One version of the program, with one private key, on files in one folder."""

    def __init__(self, version: str, folder: Path, key: str) -> None:
        self.version = version
        self.folder = folder
        self.program = built(version)
        self.environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "SOPS_AGE_KEY": key}

    def run(self, *arguments: str, text: str = "", fails: bool = False) -> str:
        """What the program printed. It must succeed, unless `fails`; then it must fail."""
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.folder,
            env=self.environ,
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert bool(done.returncode) is fails, f"sops {self.version} {arguments}: {done.returncode} {done.stderr}"
        return done.stdout

    def decrypt(self, text: str, *, to: str = "yaml", fails: bool = False) -> str:
        """The plain YAML of an encrypted file, or another form of it."""
        return self.run("decrypt", "--input-type=yaml", f"--output-type={to}", "/dev/stdin", text=text, fails=fails)

    def edited(self, text: str, *arguments: str) -> str:
        """An encrypted file after a command that changes it in place; `FILE` stands for its name."""
        file = self.folder / "edited.yaml"
        file.write_bytes(text.encode("utf-8"))
        self.run(*(str(file) if argument == "FILE" else argument for argument in arguments))
        return file.read_bytes().decode("utf-8")

    def encrypted(self, plain: str, rule: dict[str, object]) -> str:
        """Plain YAML, encrypted by a creation rule."""
        (self.folder / ".sops.yaml").write_text(json.dumps({"creation_rules": [rule]}), "utf-8")
        file = self.folder / "plain.yaml"
        file.write_bytes(plain.encode("utf-8"))
        return self.run("encrypt", str(file))
