"""OpenFeature's providers for JavaScript: fetched once by npm, then kept in the user's cache."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from tests.debian import program
from tests.golang import CACHE

SOURCES = Path(__file__).parent / "node"


@cache
def installed() -> Path:
    """The folder with the program and its packages."""
    program("npm", "npm")
    files = [SOURCES / name for name in ("package.json", "clients.mjs")]
    made = sha256(b"".join(each.read_bytes() for each in files)).hexdigest()[:12]
    folder = CACHE / f"flags-clients-{made}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "flags-clients.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            building = CACHE / "flags-clients.new"
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            for each in files:
                shutil.copy(each, building)
            subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=building, check=True)
            building.rename(folder)
    return folder


class Clients:
    """The program, running until it is closed."""

    def __init__(self, base: str, token: str) -> None:
        command = [program("node", "nodejs"), str(installed() / "clients.mjs"), base, token]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, what: str, **more: Any) -> dict[str, Any]:
        """Have something done, and get what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": what, **more}) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "failed" not in said, said
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
