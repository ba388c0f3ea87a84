"""A disk that is full or read-only, and folders one may not write to: readers keep what they have."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import open_bundle, verify
from terrace.deploy.directory import DirectoryDestination

NOBODY = 65534


def fill(folder: Path, *, leave: int) -> Path:
    """Use up the disk but for `leave` bytes."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free
    ballast.write_bytes(b"x" * (free - leave))
    return ballast


@pytest.mark.parametrize("leave", range(0, 17 * 4096, 4096))
def test_a_full_disk_leaves_a_whole_release(
    build: Any, deployer: Any, reader: Any, small_disk: Path, leave: int
) -> None:
    old, new = (build({"a": n, "text": "x" * 5000}, {"acme": {"a": -n}}, secret=f"s{n}") for n in (1, 2))
    other = build({"a": 1}, service="worker")
    root = small_disk / "destination"
    assert deployer.run(root, old, other)["error"] == ""
    watching = reader(root / "backend")
    ballast = fill(small_disk, leave=leave)
    answer = deployer.run(root, new, build({"a": 2}, service="worker"))
    if answer["error"]:
        assert answer["error"].startswith("DestinationError: cannot ")
        assert "the disk is full" in answer["error"]
        assert "Free some space" in answer["hint"]
    assert verify(root / "backend") == []
    assert verify(root / "worker") == []
    ballast.unlink()
    again = deployer.run(root, new)
    assert again["error"] == ""
    assert open_bundle(root / "backend").ref == open_bundle(new).ref
    numbers = [release.number for release in DirectoryDestination(root).releases()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert watching.stop()["broken"] == []


def test_some_of_those_disks_were_really_too_full(build: Any, deployer: Any, small_disk: Path) -> None:
    root = small_disk / "destination"
    assert deployer.run(root, build({"a": 1}))["error"] == ""
    fill(small_disk, leave=0)
    answer = deployer.run(root, build({"a": 2}))
    assert answer["error"].startswith("DestinationError")
    assert open_bundle(root / "backend").values() == {"a": 1}


def test_a_read_only_disk_is_named(build: Any, deployer: Any, small_disk: Path) -> None:
    root = small_disk / "destination"
    old, new = build({"a": 1}), build({"a": 2})
    assert deployer.run(root, old)["error"] == ""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    answer = deployer.run(root, new)
    assert answer["error"].startswith("DestinationError: cannot lock the destination: it is mounted read-only")
    assert open_bundle(root / "backend").values() == {"a": 1}
    assert len(DirectoryDestination(root).releases()) == 1
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert deployer.run(root, new)["error"] == ""
    assert open_bundle(root / "backend").values() == {"a": 2}


@pytest.mark.parametrize("closed", [".terrace", "backend", "."])
def test_no_permission_is_named(build: Any, deployer: Any, tmp_path: Path, closed: str) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become somebody who may not write: missing permission is NOT tested")
    root = tmp_path / "destination"
    old, new = build({"a": 1}), build({"a": 2})
    assert deployer.run(root, old)["error"] == ""
    shutil.chown(root, NOBODY, NOBODY)
    for path in root.rglob("*"):
        if not path.is_symlink():
            shutil.chown(path, NOBODY, NOBODY)
    _reachable(tmp_path)
    shutil.chown(root / closed, 0, 0)
    if closed == ".terrace":
        shutil.chown(root / closed / "lock", 0, 0)
    bundles = [new, build({"a": 1}, service="worker")] if closed == "." else [new]
    answer = deployer.run(root, *bundles, user=NOBODY)
    assert "no permission" in answer["error"]
    assert answer["error"].startswith("DestinationError")
    assert open_bundle(root / "backend").values() == {"a": 1}
    assert deployer.run(root, *bundles)["error"] == ""
    assert open_bundle(root / "backend").values() == {"a": 2}


def _reachable(folder: Path) -> None:
    """Let others come through to `folder`, which pytest keeps to itself."""
    while folder.name.startswith(("test_", "pytest-", "popen-")):
        folder.chmod(0o755)
        folder = folder.parent
