"""Many writers, writers that die, and disks that take nothing more."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terrace.audit import Log
from terrace.errors import AuditError
from tests.audit.openings import OPENING, SECRET, fill

ROOT = Path(__file__).parents[2]
NOBODY = 65534


def writer(folder: Path, many: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.audit.openings", str(folder), str(many)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_eight_processes_append_one_chain(folder: Path) -> None:
    running = [writer(folder, 25) for _ in range(8)]
    told = [process.communicate(timeout=120)[0].split() for process in running]
    assert sorted(int(number) for numbers in told for number in numbers) == list(range(1, 201))
    found = Log(folder).verify()
    assert (found.problems, found.records) == ((), 200)
    assert len(list(folder.glob("access-*.jsonl"))) > 1


def test_the_log_can_be_verified_while_others_append(folder: Path) -> None:
    running = [writer(folder, 60) for _ in range(2)]
    while not (folder / "access-000001.jsonl").exists():
        assert running[0].poll() is None
        time.sleep(0.01)
    log = Log(folder)
    while any(process.poll() is None for process in running):
        assert log.verify().problems == ()
    for process in running:
        process.communicate()
    assert log.verify().records == 120


@pytest.mark.kill
def test_killed_writers_lose_nothing_that_they_were_told_is_written(folder: Path) -> None:
    luck = random.Random(7)
    told: set[int] = set()
    for _ in range(8):
        process = writer(folder, 10_000)
        assert process.stdout
        told.add(int(process.stdout.readline()))
        time.sleep(luck.random() / 20)
        process.send_signal(signal.SIGKILL)
        told.update(int(number) for number in process.communicate()[0].split())
        log = Log(folder)
        fill(log, 1)
        found = log.verify()
        assert {problem.kind for problem in found.problems} <= {"torn"}
        assert {record.sequence for record in log.read()} >= told


@pytest.mark.parametrize("kept", [1, 40, 200])
def test_a_torn_end_is_kept_aside_and_told(log: Log, folder: Path, kept: int) -> None:
    fill(log, 2)
    path = folder / "access-000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:kept])
    (before,) = log.verify().problems
    assert before.kind == "torn"
    assert f"{kept} bytes" in before.message
    fill(log, 1)
    assert [record.outcome for record in log.read()] == ["opened", "mended", "opened"]
    aside = folder / f"torn-000001-{len(lines[0])}"
    assert aside.read_bytes() == lines[1][:kept]
    (after,) = log.verify().problems
    assert (after.kind, after.file) == ("torn", aside.name)
    aside.unlink()
    assert "is gone" in log.verify().problems[0].message


def test_a_first_record_that_was_torn_is_kept_aside(log: Log, folder: Path) -> None:
    fill(log, 1)
    path = folder / "access-000001.jsonl"
    path.write_bytes(b"\0" * 300)
    fill(log, 1)
    assert [record.outcome for record in log.read()] == ["mended", "opened"]
    assert (folder / "torn-000001-0").read_bytes() == b"\0" * 300


def test_a_file_that_passes_for_a_torn_end_is_told(log: Log, folder: Path) -> None:
    fill(log, 1)
    (folder / "torn-000001-99").write_bytes(b"x")
    (problem,) = log.verify().problems
    assert "no record tells of this file" in problem.message


def test_a_part_that_a_crash_left_empty_is_gone_on_with(log: Log, folder: Path) -> None:
    fill(log, 2)
    (folder / "access-000002.jsonl").touch()
    fill(log, 6)
    assert (log.verify().problems, log.verify().records) == ((), 8)


def refuses(log: Log, match: str) -> None:
    opened: list[str] = []

    def open_it() -> dict[tuple[str | int, ...], str]:
        opened.append(SECRET)
        return {("a",): SECRET}

    with pytest.raises(AuditError, match=match):
        log.release(OPENING, open_it)
    assert opened == []
    with pytest.raises(AuditError, match=match):
        log.record(OPENING, {})


def test_nothing_is_opened_where_the_disk_is_full(small_disk: Path) -> None:
    log = Log(small_disk / "audit")
    fill(log, 3)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 4096))
    with pytest.raises(AuditError, match="the disk is full"):
        log.check()
    with pytest.raises(AuditError, match="cannot write the audit log: the disk is full"):
        fill(log, 100)
    opened: list[str] = []
    with pytest.raises(AuditError, match="the disk is full"):
        log.release(OPENING, lambda: opened.append(SECRET) or {("a",): SECRET})  # type: ignore[func-returns-value]
    assert opened == []
    ballast.unlink()
    fill(log, 1)
    assert log.verify().ok


def test_nothing_is_opened_where_the_disk_is_read_only(small_disk: Path) -> None:
    log = Log(small_disk / "audit")
    fill(log, 3)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refuses(log, "it is mounted read-only")
    assert log.verify().ok
    assert log.anchor() is not None
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    fill(log, 1)


def test_nothing_is_opened_where_one_may_not_write(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become somebody who may not write: missing permission is NOT tested")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o755)
    for parent in closed.parents[:3]:
        parent.chmod(0o755)
    log = Log(closed / "audit")
    os.seteuid(NOBODY)
    try:
        refuses(log, "cannot open the audit log: no permission")
    finally:
        os.seteuid(0)


def test_a_log_that_is_not_required_says_what_was_not_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log = Log(tmp_path / "file" / "audit", required=False)
    values, written = log.release(OPENING, lambda: {("a",): SECRET})
    assert values == {("a",): SECRET}
    assert written.head is None
    assert written.problem.startswith("cannot open the audit log: Not a directory")
