"""Following a source: what is right runs at once and whole; what is not right changes nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import Facts
from terrace.deploy.directory import DirectoryDestination
from terrace.runtime import Change, ConfigError, Handle
from tests.runtime.conftest import NOW, World

Following = Callable[..., Handle[Any]]


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for what must come; how long it takes is measured in benchmarks, not here."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, f"still waiting for: {what}"
        time.sleep(0.005)


def test_a_new_release_runs_by_itself(world: World, following: Following) -> None:
    world.deploy()
    handle = following()
    digest = world.deploy({"pool_max": 33})
    until(lambda: handle.current.database.pool_max == 33, "the new release")
    assert (handle.status.digest, handle.status.state, handle.status.reloads) == (digest, "ok", 1)


def test_a_rollback_runs_by_itself(world: World, following: Following) -> None:
    world.deploy()
    world.deploy({"pool_max": 33})
    handle = following()
    DirectoryDestination(world.root).rollback("kitchen", None, reason="it fails", actor="mira", now=NOW)
    until(lambda: handle.current.database.pool_max == 10, "what ran before")


def test_a_release_that_is_not_right_leaves_the_last_good_one(world: World, following: Following) -> None:
    good = world.deploy()
    handle = following()
    bad = world.deploy({"pool_max": 999})
    until(lambda: handle.status.refused, "the refusal")
    status = handle.status
    assert (status.state, status.digest, status.refused.digest) == ("degraded", good, bad)
    assert "database.pool_max" in status.refused.reason
    world.deploy({"pool_max": 12})
    until(lambda: handle.current.database.pool_max == 12, "the good release after it")
    assert handle.status.state == "ok"


def test_a_refusal_is_said_once_and_not_at_every_look(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.deploy()
    handle = world.watch()
    world.deploy({"pool_max": 999})
    for _ in range(5):
        handle.refresh()
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    assert handle.status.refusals == 1


def test_what_needs_a_restart_waits_and_what_is_live_does_not(world: World) -> None:
    world.deploy()
    handle = world.watch()
    world.deploy({"pool_max": 12, "port": 6000})
    handle.refresh()
    assert (handle.current.database.pool_max, handle.current.database.port) == (12, 5432)
    assert handle.status.waiting == ("database.port",)
    world.deploy({"pool_max": 13, "port": 6000})
    handle.refresh()
    assert (handle.current.database.pool_max, handle.current.database.port) == (13, 5432)
    assert world.watch().current.database.port == 6000


def test_a_restart_is_not_needed_any_more_when_the_change_is_taken_back(world: World) -> None:
    world.deploy()
    handle = world.watch()
    world.deploy({"port": 6000})
    handle.refresh()
    world.deploy({"pool_max": 11})
    handle.refresh()
    assert handle.status.waiting == ()


def test_a_secret_that_is_not_live_waits_too_and_is_not_shown(world: World) -> None:
    world.deploy()
    handle = world.watch()
    world.deploy(secrets={"database": {"password": "another-password-2"}})
    handle.refresh()
    assert handle.status.waiting == ("database.password",)
    assert "another" not in repr(handle.status)


def test_live_values_that_clash_with_what_waits_are_refused(world: World) -> None:
    world.deploy({"pool_min": 1, "pool_max": 10})
    handle = world.watch()
    changes: list[Any] = []
    handle.on_prepare(changes.append)
    world.deploy({"pool_min": 20, "pool_max": 15})
    assert not handle.refresh()
    assert changes == []
    assert handle.current.database.pool_min == 1


def test_subscribers_hear_which_paths_changed(world: World) -> None:
    world.deploy()
    handle = world.watch()
    heard: list[tuple[str, ...]] = []
    end = handle.on_change(lambda change: heard.append(change.paths))
    world.deploy({"pool_max": 12, "pool_min": 2}, origins=["https://a.example"])
    handle.refresh()
    end()
    world.deploy()
    handle.refresh()
    assert heard == [("database.pool_max", "database.pool_min", "origins")]


def test_a_subscriber_can_refuse_before_anything_changed(world: World) -> None:
    world.deploy()
    handle = world.watch()
    seen: list[int] = []

    def object_to_it(change: Change[Any]) -> None:
        seen.append(handle.current.database.pool_max)
        if change.new.config.database.pool_max > 50:
            raise ValueError("the database takes 50 connections")

    handle.on_prepare(object_to_it)
    world.deploy({"pool_max": 60})
    assert not handle.refresh()
    assert "the database takes 50 connections" in handle.status.refused.reason
    world.deploy({"pool_max": 40})
    assert handle.refresh()
    assert seen == [10, 10]
    assert handle.current.database.pool_max == 40


def test_a_subscriber_that_fails_afterwards_stops_nobody(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.deploy()
    handle = world.watch()
    heard: list[Any] = []

    def broken(_: object) -> None:
        raise RuntimeError("oh")

    handle.on_change(broken)
    handle.on_change(heard.append)
    world.deploy({"pool_max": 12})
    assert handle.refresh()
    assert len(heard) == 1
    assert "broken: RuntimeError: oh" in caplog.text


def test_coroutines_are_asked_and_told_in_their_own_loop(world: World, following: Following) -> None:
    world.deploy()
    handle = following()
    heard: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        told = asyncio.Event()

        async def prepare(change: Change[Any]) -> None:
            await asyncio.sleep(0)
            heard.append(f"prepare {change.new.config.database.pool_max} {asyncio.get_running_loop() is loop}")

        async def changed(change: Change[Any]) -> None:
            heard.append(f"changed {change.paths}")
            told.set()

        handle.on_prepare(prepare)
        handle.on_change(changed)
        await asyncio.to_thread(world.deploy, {"pool_max": 12})
        await asyncio.wait_for(told.wait(), 20)

    asyncio.run(run())
    assert heard == ["prepare 12 True", "changed ('database.pool_max',)"]


def test_no_thread_ever_sees_half_of_a_revision(world: World, following: Following) -> None:
    """Two values that are always equal in every release are equal whenever they are read."""
    world.deploy({"pool_min": 1, "pool_max": 1}, tenants={"acme": {"port": 6000}})
    handle = following()
    halves: list[object] = []
    counts = [0, 0]
    stop = threading.Event()

    def read() -> None:
        last = 0
        while not stop.is_set():
            config, revision = handle.current, handle.revision
            if config.database.pool_min != config.database.pool_max:
                halves.append(config)
            if revision.for_tenant("acme").database.pool_max != revision.config.database.pool_max:
                halves.append(revision)
            counts[0] += 1
            counts[1] += config.database.pool_min != last
            last = config.database.pool_min

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(2, 42):
        world.deploy({"pool_min": number, "pool_max": number}, tenants={"acme": {"port": 6000}})
    until(lambda: handle.current.database.pool_max == 41, "the last release")
    stop.set()
    for thread in threads:
        thread.join()
    assert halves == []
    assert counts[1] > 3


def test_the_folder_may_be_replaced_and_go_away_and_come_back(world: World, following: Following) -> None:
    world.deploy()
    handle = following()
    world.root.rename(world.folder / "elsewhere")
    until(lambda: handle.status.state == "degraded", "the source to be missed")
    assert handle.current.database.pool_max == 10
    world.deploy({"pool_max": 44})
    until(lambda: handle.current.database.pool_max == 44, "the folder that came back")
    assert handle.status.state == "ok"
    for path in world.root.rglob("*"):
        if not path.is_symlink() and path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(world.root)
    world.deploy({"pool_max": 45})
    until(lambda: handle.current.database.pool_max == 45, "the folder that was made anew")


def test_the_same_configuration_from_another_commit_changes_nothing(world: World, following: Following) -> None:
    world.deploy()
    handle = following()
    config = handle.current
    world.deploy()
    world.deploy({"pool_max": 11})
    until(lambda: handle.current.database.pool_max == 11, "the release after it")
    world.deploy()
    until(lambda: handle.current.database.pool_max == 10, "the first configuration again")
    assert handle.current == config


def test_a_tampered_release_is_refused_and_a_mended_one_taken(world: World, following: Following) -> None:
    world.deploy()
    handle = following()
    folder = world.seal({"pool_max": 12})
    (folder / "config.json").write_bytes((folder / "config.json").read_bytes().replace(b"12", b"13"))
    shutil.copytree(folder, world.service / "..broken")
    link = world.service / "..data"
    (world.service / "..data_tmp").symlink_to("..broken")
    (world.service / "..data_tmp").replace(link)
    until(lambda: handle.status.refused, "the refusal")
    assert "not what was sealed" in handle.status.refused.reason
    assert handle.current.database.pool_max == 10
    world.deploy({"pool_max": 14})
    until(lambda: handle.current.database.pool_max == 14, "a whole release")


def test_a_reference_is_renewed(world: World) -> None:
    token = world.folder / "token"
    token.write_text("first-token")
    world.deploy({"token": f"ref+file://{token}"}, facts=Facts("production", True, (f"file://{token}",)))
    handle = world.watch()
    token.write_text("second-token")
    changes: list[tuple[str, ...]] = []
    handle.on_change(lambda change: changes.append(change.paths))
    assert handle.renew()
    assert handle.current.database.token.get_secret_value() == "second-token"
    assert changes == [("database.token",)]
    token.unlink()
    assert not handle.renew()
    assert handle.current.database.token.get_secret_value() == "second-token"


def test_a_worker_that_was_forked_follows_too(world: World, following: Following) -> None:
    world.deploy()
    handle = following()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            until(lambda: handle.current.database.pool_max == 12, "the release, in the child")
            os.write(write, b"12")
        finally:
            os._exit(0)
    world.deploy({"pool_max": 12})
    os.waitpid(child, 0)
    os.close(write)
    assert os.read(read, 2) == b"12"
    os.close(read)


def test_a_handle_that_nobody_holds_ends_its_thread(world: World) -> None:
    world.deploy()
    handle = world.watch(follow=True)
    (thread,) = [each for each in threading.enumerate() if each.name == "terrace-watch"]
    del handle
    until(lambda: not thread.is_alive(), "the thread to end")


def test_hundreds_of_exchanges_leak_no_descriptor_and_no_thread(world: World, following: Following) -> None:
    world.deploy()
    handle = following()
    world.deploy({"pool_max": 11})
    until(lambda: handle.current.database.pool_max == 11, "the first exchange")
    before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    for number in range(12, 112):
        world.deploy({"pool_max": number})
        until(lambda: handle.current.database.pool_max == number, f"exchange {number}")  # noqa: B023
    after = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    assert after == before


def test_an_empty_change_is_no_exchange(world: World) -> None:
    world.deploy()
    handle = world.watch()
    assert not handle.refresh()
    assert handle.status.reloads == 0


def test_the_last_good_copy_starts_a_process_while_the_source_is_away(world: World) -> None:
    copy = world.folder / "last-good"
    world.deploy({"pool_max": 21})
    world.watch(last_good=copy)
    world.root.rename(world.folder / "away")
    handle = world.watch(last_good=copy)
    assert handle.current.database.pool_max == 21
    assert handle.status.state == "degraded"
    assert handle.status.age is not None
    (world.folder / "away").rename(world.root)
    assert handle.refresh()
    assert (handle.status.state, handle.status.age) == ("ok", None)


def test_the_copy_is_of_what_runs_now(world: World) -> None:
    copy = world.folder / "last-good"
    world.deploy()
    handle = world.watch(last_good=copy)
    world.deploy({"pool_max": 22})
    handle.refresh()
    world.deploy({"pool_max": 999})
    handle.refresh()
    world.root.rename(world.folder / "away")
    assert world.watch(last_good=copy).current.database.pool_max == 22
    assert len([each for each in copy.iterdir() if each.name.startswith("..sha256")]) == 1


def test_a_copy_that_is_too_old_or_not_there_is_an_error(world: World) -> None:
    copy = world.folder / "last-good"
    world.deploy()
    world.watch(last_good=copy)
    world.root.rename(world.folder / "away")
    os.utime(copy / "seen", (time.time() - 7200, time.time() - 7200))
    with pytest.raises(ConfigError, match=r"7,200 s old, 3,600 s are allowed"):
        world.watch(last_good=copy, max_age=3600)
    with pytest.raises(ConfigError, match="there is no last good copy"):
        world.watch(last_good=world.folder / "nowhere")


def test_a_source_that_is_there_and_wrong_is_never_papered_over(world: World) -> None:
    copy = world.folder / "last-good"
    world.deploy()
    world.watch(last_good=copy)
    world.deploy({"pool_max": 999})
    with pytest.raises(ConfigError, match="not right"):
        world.watch(last_good=copy)
