"""One deployer at a time, and what becomes of the lock of one that is gone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from terrace.deploy.lock import break_lock, locked
from terrace.errors import LockedError

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=12)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """The file of a lock."""
    return tmp_path / "lock"


def leave(path: Path, **changed: Any) -> None:
    """What a process that was killed leaves in the file."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    note = {"host": os.uname().nodename, "pid": 4242, "boot": boot, "since": "2026-11-24T09:30:00Z", **changed}
    path.write_text(json.dumps(note))


def test_a_second_deployer_is_told_who_works_and_how_long(path: Path) -> None:
    with locked(path, NOW), pytest.raises(LockedError) as caught, locked(path, LATER):
        pass
    who = f"{os.uname().nodename}:{os.getpid()}"
    assert caught.value.message == (f"the destination is locked by {who}, since 2026-11-24T09:30:00Z (12 minutes ago)")
    assert "Wait" in caught.value.hint


def test_the_lock_is_free_again_afterwards(path: Path) -> None:
    for _ in range(2):
        with locked(path, NOW) as left:
            assert left is None
    assert path.read_bytes() == b""


def test_the_lock_is_free_again_after_a_failure(path: Path) -> None:
    with pytest.raises(RuntimeError), locked(path, NOW):
        raise RuntimeError
    with locked(path, NOW) as left:
        assert left is None


def test_a_killed_owner_is_taken_over(path: Path) -> None:
    leave(path)
    with locked(path, LATER) as left:
        assert left is not None
        assert left.pid == 4242


def test_an_owner_of_another_container_on_this_kernel_is_taken_over(path: Path) -> None:
    leave(path, host="deploy-7c9f")
    with locked(path, LATER) as left:
        assert left is not None


def test_an_owner_from_before_a_reboot_is_taken_over(path: Path) -> None:
    leave(path, boot="of another boot")
    with locked(path, LATER) as left:
        assert left is not None


def test_another_host_s_lock_is_broken_only_by_name(path: Path) -> None:
    leave(path, host="ci-3", boot="another kernel")
    with (
        pytest.raises(
            LockedError, match=r"locked by ci-3:4242, on another host, since .* \(12 minutes ago\)"
        ) as caught,
        locked(path, LATER),
    ):
        pass
    assert "break the lock by its owner's name: ci-3:4242" in caught.value.hint
    with pytest.raises(LockedError, match="not held by ci-4:1: it is held by ci-3:4242"):
        break_lock(path, "ci-4:1", LATER)
    assert break_lock(path, "ci-3:4242", LATER).host == "ci-3"
    with locked(path, LATER) as left:
        assert left is None


def test_a_lock_in_use_cannot_be_broken(path: Path) -> None:
    with locked(path, NOW), pytest.raises(LockedError, match="is locked by"):
        break_lock(path, f"{os.uname().nodename}:{os.getpid()}", LATER)


def test_half_a_note_is_no_owner(path: Path) -> None:
    path.write_text('{"host": "ci-')
    with locked(path, NOW) as left:
        assert left is None


def test_breaking_a_lock_is_recorded(deploy: Any, build: Any) -> None:
    deploy(build({"a": 1}))
    leave(deploy.destination.root / ".terrace" / "lock", host="ci-3", boot="another kernel")
    with pytest.raises(LockedError):
        deploy(build({"a": 2}))
    deploy.destination.break_lock("ci-3:4242", reason="the runner was removed", actor="mira", now=NOW)
    assert deploy(build({"a": 3})).release.number == 2
    said = [(entry.action, entry.actor, entry.reason) for entry in deploy.destination.history()]
    assert said[1] == ("break-lock", "mira", "ci-3:4242: the runner was removed")
