"""The repository itself, as the tests of the house see it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Tool = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def files(root: Path) -> list[Path]:
    """Every file that is committed or could be: what Git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [root / name for name in sorted(set(listed.split("\0"))) if name and (root / name).is_file()]


@pytest.fixture(scope="session")
def tool(root: Path) -> Tool:
    """Runs a locked tool in the repository, as `make check` does, and gives what it said."""

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name(name)), *arguments]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def make(root: Path) -> Tool:
    """Runs make as a person would, also when the tests themselves were started by make; it installs nothing."""
    outer = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS", "JOBS", "ENV"}
    inner = {name: value for name, value in os.environ.items() if name not in outer}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--old-file=.venv/.ready", *arguments]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=inner)

    return run
