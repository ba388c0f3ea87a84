"""The file of usage: what was reported is there once, and whatever becomes of the file, nobody who reports fails."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from terrace.flags.counting import Batch, Series
from terrace.flags.usage import DAY, TOTAL, WEEK, Keep, Last, UsageStore

NOW = 1_795_000_000.0
ON = Series("production", "a", "on", "acme", "STATIC")
OFF = Series("production", "a", "off", "", "DEFAULT")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


@pytest.fixture
def store(file: Path, clock: Clock) -> Iterator[UsageStore]:
    with closing(UsageStore(file, clock=clock)) as made:
        yield made


def numbers(store: UsageStore, since: float) -> dict[str, int]:
    return {variant: number for (_, variant), number in store.totals("production", since).items()}


def test_minutes_hold_totals_and_hours_tenants(store: UsageStore) -> None:
    assert store.add(Batch("1", NOW, {ON: 3, OFF: 2, ON._replace(tenant="globex"): 4}))
    minute, hour = int(NOW) // 60 * 60, int(NOW) // 3600 * 3600
    points = store.usage("production", "a", NOW - 60)
    assert [tuple(point) for point in points] == [
        (minute, "off", TOTAL, "DEFAULT", 2), (minute, "on", TOTAL, "STATIC", 7),
    ]  # fmt: skip
    assert [tuple(point) for point in store.usage("production", "a", NOW - 60, tenant="acme")] == [
        (hour, "on", "acme", "STATIC", 3)
    ]
    assert store.tenants("production", "a", NOW - 60) == {("acme", "on"): 3, ("globex", "on"): 4, ("", "off"): 2}
    assert store.totals("production", NOW - DAY) == {("a", "on"): 7, ("a", "off"): 2}
    assert store.totals("staging", NOW - DAY) == {}


def test_a_day_is_by_minutes_and_a_week_by_hours(store: UsageStore, clock: Clock) -> None:
    for number, age in enumerate((6 * DAY, 3 * DAY, 3600, 30)):
        clock.now = NOW - age
        store.add(Batch(str(number), NOW - age, {ON: 1}))
    clock.now = NOW
    day, week = store.usage("production", "a", NOW - DAY), store.usage("production", "a", NOW - WEEK)
    assert [point.at % 60 for point in day] == [0, 0]
    assert [point.at % 3600 for point in week] == [0, 0, 0, 0]
    assert (sum(point.number for point in day), sum(point.number for point in week)) == (2, 4)


def test_a_batch_that_was_had_counts_once(store: UsageStore) -> None:
    assert store.add(Batch("1", NOW, {ON: 3}))
    assert store.add(Batch("1", NOW, {ON: 3}))
    assert numbers(store, NOW - DAY) == {"on": 3}


def test_last_evaluated_is_by_variant_and_never_goes_back(store: UsageStore, clock: Clock) -> None:
    store.add(Batch("1", NOW, {ON: 1}))
    store.add(Batch("2", NOW - 100, {ON: 1, OFF: 1}))
    assert store.last_evaluated("production") == (Last("a", "off", int(NOW) - 100), Last("a", "on", int(NOW)))
    assert store.last_evaluated("production", "b") == ()


def test_a_clock_that_is_ahead_puts_nothing_into_the_future(store: UsageStore) -> None:
    store.add(Batch("1", NOW + 90 * DAY, {ON: 1}))
    assert store.last_evaluated("production")[0].at == int(NOW)


def test_what_is_old_is_removed_and_when_it_was_last_evaluated_stays(file: Path, clock: Clock) -> None:
    with closing(UsageStore(file, clock=clock, keep=Keep(minutes=DAY, tenants=2 * DAY, hours=WEEK))) as store:
        store.add(Batch("1", NOW, {ON: 1}))
        clock.now = NOW + 3 * DAY
        store.sweep()
        assert numbers(store, NOW - DAY) == {"on": 1}
        assert store.tenants("production", "a", NOW - DAY) == {}
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("select count(*) from minute").fetchone() == (0,)
            assert connection.execute("select count(*) from batch").fetchone() == (0,)
        clock.now = NOW + 8 * DAY
        store.sweep()
        assert numbers(store, NOW - DAY) == {}
        assert store.last_evaluated("production", "a") == (Last("a", "on", int(NOW)),)


@pytest.mark.parametrize("damage", ["no database", "cut", "another format"])
def test_a_damaged_file_is_put_aside_and_begun_anew(
    file: Path, clock: Clock, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(UsageStore(file, clock=clock)) as store:
        store.add(Batch("0", NOW, {ON._replace(flag=f"flag-{number}"): 1 for number in range(2000)}))
    if damage == "no database":
        file.write_bytes(b"not a database at all" * 500)
    elif damage == "cut":
        data = bytearray(file.read_bytes())
        for page in range(4096, len(data), 4096):
            data[page : page + 200] = b"\xff" * 200
        file.write_bytes(data)
    else:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("pragma user_version = 99")
    with closing(UsageStore(file, clock=clock)) as store:
        assert store.add(Batch("1", NOW, {ON: 1}))
        assert numbers(store, NOW - DAY) == {"on": 1}
        assert str(file) in store.notice
        assert store.problem == ""
    assert file.with_name(f"{file.name}.damaged").exists()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_file_that_goes_away_is_begun_anew(store: UsageStore, file: Path) -> None:
    store.add(Batch("1", NOW, {ON: 1}))
    for ending in ("", "-wal", "-shm"):
        Path(f"{file}{ending}").unlink(missing_ok=True)
    assert store.add(Batch("2", NOW, {ON: 5}))
    assert numbers(store, NOW - DAY) == {"on": 5}


def test_a_file_that_is_full_is_said_once_and_tried_again(
    file: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    many = {ON._replace(flag=f"flag-{number}"): 1 for number in range(3000)}
    with closing(UsageStore(file, clock=clock, largest=200_000)) as store:
        assert store.add(Batch("1", NOW, {ON: 1}))
        for number in range(3):
            assert not store.add(Batch("many", NOW, many)), number
        assert "full" in store.problem
        assert numbers(store, NOW - DAY) == {"on": 1}
        assert store.add(Batch("2", NOW, {ON: 1}))
        assert store.problem == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_who_may_not_write_gets_an_answer_and_no_error(tmp_path: Path, clock: Clock) -> None:
    """As another user, in a process of its own: to root everything is writable."""
    folder = tmp_path / "kept"
    folder.mkdir()
    file = folder / "usage.sqlite3"
    with closing(UsageStore(file, clock=clock)) as store:
        store.add(Batch("1", NOW, {ON: 1}))
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            if os.geteuid() == 0:
                os.setresuid(65534, 65534, 65534)
            else:
                folder.chmod(0o500)
                file.chmod(0o400)
            other = UsageStore(file, clock=clock)
            failed = int(other.add(Batch("2", NOW, {ON: 1})) or not other.problem)
        finally:
            os._exit(failed)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_missing_folder_is_a_problem_and_over_when_it_is_there(tmp_path: Path, clock: Clock) -> None:
    with closing(UsageStore(tmp_path / "later" / "usage.sqlite3", clock=clock)) as store:
        assert not store.add(Batch("1", NOW, {ON: 1}))
        assert store.problem
        (tmp_path / "later").mkdir()
        assert store.add(Batch("1", NOW, {ON: 1}))
        assert store.problem == ""


def _work(file: Path, worker: int, batches: int) -> None:
    with closing(UsageStore(file, clock=lambda: NOW)) as store:
        for number in range(batches):
            while not store.add(Batch(f"{worker}-{number}", NOW, {ON: 1, OFF: 2})):
                time.sleep(0.01)


def test_several_processes_write_at_once_and_nothing_is_lost(store: UsageStore, file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(file, number, 100)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert numbers(store, NOW - DAY) == {"on": 400, "off": 800}


def test_a_process_that_is_killed_while_it_writes_leaves_whole_batches(store: UsageStore, file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    for round_ in range(3):
        worker = context.Process(target=_work, args=(file, round_, 100_000))
        worker.start()
        before = numbers(store, NOW - DAY).get("on", 0)
        end = time.monotonic() + 30
        while numbers(store, NOW - DAY).get("on", 0) < before + 20 and time.monotonic() < end:
            time.sleep(0.01)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(30)
        found = numbers(store, NOW - DAY)
        assert found["off"] == 2 * found["on"] > 2 * before
    assert store.notice == ""


def test_a_forked_process_opens_the_file_itself(store: UsageStore) -> None:
    store.add(Batch("1", NOW, {ON: 1}))
    child = os.fork()
    if child == 0:
        os._exit(0 if store.add(Batch("2", NOW, {ON: 1})) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.add(Batch("3", NOW, {ON: 1}))
    assert numbers(store, NOW - DAY) == {"on": 3}
