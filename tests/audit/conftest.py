"""An audit log in a folder of its own, with a clock that the tests can read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace.audit import Log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "audit"


@pytest.fixture
def log(folder: Path) -> Log:
    """A log whose parts hold three or four records each, so that most tests cross from one part to the next."""
    return Log(folder, largest=2000, sync=False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB. Needs root, and says so loudly where that is missing."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        reason = f"a small tmpfs cannot be mounted ({mounted.stderr.strip()}): full and read-only disks are NOT tested"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
