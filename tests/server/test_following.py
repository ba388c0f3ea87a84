"""`terrace serve --follow`: a real process, real files, a real branch, and real kills."""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from examples.backend.copied import Copy
from terrace import cli
from terrace.bundle import verify
from terrace.deploy.directory import DirectoryDestination
from terrace.errors import LockedError
from terrace.server.turning.wanted import chosen
from tests.server.conftest import eventually
from tests.server.process import Running, once
from tests.soak import rounds

ROOT = Path(__file__).parents[2]
EDITS = ("--follow", "worktree", "--env", "development")
SECONDS = 90


class Yard:
    """A copy of the example's repository."""

    def __init__(self, folder: Path) -> None:
        copy = Copy(ROOT, folder)
        copy.make()
        self.repo = copy.repo
        self.branch = self.git("symbolic-ref", "--short", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Example", "-c", "user.email=example@harbourkitchen.com", "-c", "commit.gpgsign=false")
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.repo, check=True, text=True, capture_output=True
        ).stdout

    def file(self, environment: str = "development") -> Path:
        return self.repo / f"environments/{environment}/backend.yaml"

    def edit(self, pool_max: object, environment: str = "development") -> None:
        """As an editor does it: a new file in the old one's place."""
        file = self.file(environment)
        text, count = re.subn(r"pool_max: .*", f"pool_max: {pool_max}", file.read_text())
        assert count == 1
        beside = file.with_name(".backend.yaml.swp")
        beside.write_text(text)
        beside.rename(file)

    def commit(self, pool_max: object, environment: str = "production") -> str:
        self.edit(pool_max, environment)
        self.git("commit", "--quiet", "--all", "--message", f"Pools of {pool_max}")
        return self.git("rev-parse", "HEAD").strip()

    def destination(self, environment: str = "development") -> DirectoryDestination:
        return DirectoryDestination(self.repo / ".terrace/releases" / environment)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@contextmanager
def following(yard: Yard, *options: str, ready: bool = True) -> Iterator[Running]:
    command = [sys.executable, "-m", "terrace", "serve", "--repo", str(yard.repo), *options]
    command += ["--port", "0", "--rate", "0", "--no-access-log"]
    environ = {**os.environ, "TERRACE_ENV": "nowhere", "TERRACE_ACTOR": "ada"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ, start_new_session=True)
    running = Running(process)
    try:
        eventually(lambda: process.poll() is not None or (running.port and up(running, ready=ready)), SECONDS)
        assert process.poll() is None, "".join(running.said)
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        running._reader.join(timeout=10)
        assert process.stderr is not None
        process.stderr.close()


def up(running: Running, *, ready: bool) -> bool:
    try:
        status = once(running.port, "/readyz").status
    except OSError:
        return False
    return status == 200 or not ready


def pool(running: Running, environment: str = "development") -> Any:
    reply = once(running.port, f"/v1/config/backend/{environment}/database/pool_max")
    return json.loads(reply.body).get("values")


def turning(running: Running) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(once(running.port, "/configz").body)["following"]
    return said


def kinds(running: Running) -> list[str]:
    return [each["kind"] for each in turning(running)["refused"]]


def followers(yard: Yard) -> list[int]:
    """The processes that follow this repository."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            words = (each / "cmdline").read_bytes().split(b"\0") if each.name.isdigit() else []
        except OSError:
            continue
        if b"terrace.server.turning" in words and any(os.fsencode(yard.repo) in word for word in words):
            found.append(int(each.name))
    return found


def patiently(act: Callable[[], object]) -> None:
    """Do what wants the destination's lock, which the follower may have for a moment."""

    def done() -> bool:
        try:
            act()
        except LockedError:
            return False
        return True

    eventually(done, SECONDS)


def test_an_edit_is_live_and_one_that_is_wrong_leaves_the_last_good_release(yard: Yard) -> None:
    with following(yard, *EDITS) as running:
        tag = once(running.port, "/v1/config/backend/development").headers["etag"]
        yard.edit(9)
        eventually(lambda: pool(running) == 9, SECONDS)
        assert once(running.port, "/v1/config/backend/development").headers["etag"] != tag
        yard.edit("Zebra-4417")
        eventually(lambda: kinds(running) == ["findings"], SECONDS)
        assert pool(running) == 9
        ready = once(running.port, "/readyz")
        assert (ready.status, json.loads(ready.body)["following"]["findings"]) == (200, 1)
        said = turning(running)
        assert (said["refused"][0]["errors"], said["refused"][0]["findings"][0]["code"]) == (1, "SCH002")
        assert said["refused"][0]["findings"][0]["at"].startswith("environments/development/backend.yaml:")
        metrics = once(running.port, "/metrics").body.decode()
        assert "terrace_following_degraded 1\n" in metrics
        assert "terrace_following_findings 1\n" in metrics
        yard.file().write_text("database: {pool_m")
        eventually(lambda: turning(running)["refused"][0]["findings"][0]["code"].startswith("SYN"), SECONDS)
        assert pool(running) == 9
        yard.git("checkout", "--quiet", "--", ".")
        yard.edit(8)
        eventually(lambda: pool(running) == 8 and not kinds(running), SECONDS)
        running.stop()
        assert "Zebra" not in "".join(running.said)
    last = yard.destination().releases()[-1]
    assert (last.actor, last.dirty) == ("ada (terrace serve)", True)
    assert "environments/development/backend.yaml" in last.reason
    assert not list((yard.repo / ".terrace").glob("serving-*"))
    assert not followers(yard)


def test_a_branch_is_released_commit_by_commit_and_the_work_tree_is_neither_read_nor_touched(yard: Yard) -> None:
    yard.git("checkout", "--quiet", "-b", "releases")
    first = yard.commit(33)
    yard.git("checkout", "--quiet", yard.branch)
    yard.edit("Zebra", "production")
    before = yard.git("status", "--porcelain")
    with following(yard, "--follow", "releases", "--env", "production") as running:
        assert pool(running, "production") == 33
        # As a push does it: the branch moves, and no file does.
        tree = yard.git("ls-tree", first, "--", "environments")
        assert tree
        yard.git("stash", "--quiet")
        yard.git("checkout", "--quiet", "releases")
        second = yard.commit(34)
        yard.git("checkout", "--quiet", yard.branch)
        yard.git("stash", "pop", "--quiet")
        eventually(lambda: pool(running, "production") == 34, SECONDS)
        eventually(lambda: turning(running)["commit"] == second, SECONDS)
        yard.git("branch", "--quiet", "--move", "releases", "away")
        eventually(lambda: set(kinds(running)) == {"failed"}, SECONDS)
        assert pool(running, "production") == 34
        yard.git("branch", "--quiet", "--move", "away", "releases")
        eventually(lambda: not kinds(running), SECONDS)
        running.stop()
    assert yard.git("status", "--porcelain") == before
    released = yard.destination("production").releases()
    assert [(each.commit, each.dirty) for each in released] == [(first, False), (second, False)]
    assert released[-1].reason == f"releases at {second[:12]}: Pools of 34"


def test_what_a_rollback_holds_back_is_said_and_released_once_the_hold_is_lifted(yard: Yard) -> None:
    with following(yard, *EDITS) as running:
        yard.edit(9)
        eventually(lambda: pool(running) == 9, SECONDS)
        now, destination = datetime.now(UTC), yard.destination()
        patiently(lambda: destination.rollback(reason="too many connections", actor="ops", now=now))
        eventually(lambda: kinds(running) == ["held"], SECONDS)
        assert "database.pool_max" in turning(running)["refused"][0]["reason"]
        assert pool(running) != 9
        for hold in destination.holds():
            patiently(lambda name=hold.name: destination.lift(name, reason="the network", actor="ops", now=now))
        eventually(lambda: pool(running) == 9 and not kinds(running), SECONDS)


def test_a_destination_that_another_one_has_locked_is_tried_again(yard: Yard) -> None:
    with following(yard, *EDITS) as running:
        with (yard.destination().root / ".terrace/lock").open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yard.edit(9)
            eventually(lambda: set(kinds(running)) == {"failed"}, SECONDS)
            assert "is locked by" in turning(running)["refused"][0]["reason"]
        eventually(lambda: pool(running) == 9 and not kinds(running), SECONDS)


def test_with_several_workers_one_process_follows_and_all_of_them_serve(yard: Yard) -> None:
    with following(yard, *EDITS, "--workers", "2") as running:
        # A process that is about to become another one has still our name.
        eventually(lambda: len(followers(yard)) == 1, SECONDS)
        yard.edit(9)
        eventually(lambda: [pool(running) for _ in range(10)] == [9] * 10, SECONDS)
        assert len(yard.destination().releases()) == 2
        running.stop()
        assert not followers(yard)


def test_a_start_while_the_work_tree_is_broken_serves_the_last_release(yard: Yard) -> None:
    with following(yard, *EDITS) as running:
        yard.edit(9)
        eventually(lambda: pool(running) == 9, SECONDS)
        running.stop()
    (yard.repo / "environments/base/backend.yaml").write_text("database: {pool_m")
    with following(yard, *EDITS) as running:
        eventually(lambda: kinds(running) == ["findings"], SECONDS)
        assert pool(running) == 9


def test_kills_at_random_moments_lose_nothing_and_recover(yard: Yard) -> None:
    chance = random.Random(4417)
    number = 5
    for turn in range(rounds(2)):
        with following(yard, *EDITS) as running:
            for _ in range(2):
                number = number % 30 + 6
                yard.edit(number)
                time.sleep(chance.uniform(0.0, 0.6))
                for process in followers(yard):
                    os.kill(process, signal.SIGKILL)
                eventually(lambda wanted=number: pool(running) == wanted and not kinds(running), SECONDS)
            number = number % 30 + 6
            yard.edit(number)
            time.sleep(chance.uniform(0.0, 0.6))
            running.process.kill()
            running.process.wait()
            eventually(lambda: not followers(yard), SECONDS)
        with following(yard, *EDITS, "--workers", str(1 + turn % 2)) as running:
            eventually(lambda wanted=number: pool(running) == wanted and not kinds(running), SECONDS)
            running.stop()
        assert not list((yard.repo / ".terrace").glob("serving-*"))
    root = yard.destination().root
    assert [verify((root / service / "..data").resolve()) for service in ("backend", "worker")] == [[], []]
    numbers = [release.number for release in yard.destination().releases()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_workers_end_when_their_parent_is_killed(yard: Yard) -> None:
    with following(yard, *EDITS, "--workers", "2") as running:
        port = running.port
        running.process.kill()
        running.process.wait()

        def gone() -> bool:
            try:
                once(port, "/livez")
            except OSError:
                return True
            return False

        eventually(gone, SECONDS)
        eventually(lambda: not followers(yard), SECONDS)


def test_it_ends_in_good_order_when_it_is_told_to_in_the_middle_of_a_turn(yard: Yard) -> None:
    with following(yard, *EDITS) as running:
        yard.edit(9)
        time.sleep(0.15)
        assert running.stop() == 0
        assert not followers(yard)
    assert not (yard.destination().root / ".terrace/pending.json").exists()
    assert not list((yard.repo / ".terrace").glob("serving-*"))


def test_a_branch_of_a_remote_is_followed_and_a_local_one_comes_first(yard: Yard) -> None:
    yard.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert chosen(yard.repo, "origin/main", ["production"]) == ("refs/remotes/origin/main", ("production",))
    yard.git("branch", "origin/main")
    assert chosen(yard.repo, "origin/main", ["production"])[0] == "refs/heads/origin/main"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--follow", "worktree", "--env", "production"], "edits are released to development environments only"),
        (["--follow", "mian", "--env", "production"], "there is no branch 'mian'"),
        (["--follow", "HEAD", "--env", "production"], "there is no branch 'HEAD'"),
        (["--follow", "{branch}", "--env", "produktion"], "produktion"),
        (["--follow", "worktree"], "none is"),
        (["--env", "production", "--source", "."], "--env belongs to --follow"),
        (["--follow", "worktree", "--env", "development", "--source", "."], "say what to serve"),
        ([], "say what to serve"),
    ],
)
def test_what_must_not_or_cannot_be_followed_is_refused_at_the_start(
    yard: Yard, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    argv = [each.format(branch=yard.branch) for each in options]
    assert cli.run(["serve", "--repo", str(yard.repo), *argv]) in (1, 2)
    assert says in capsys.readouterr().err
    assert not (yard.repo / ".terrace/releases").exists()


def evaluated(running: Running, environment: str, key: str = "live-tickets", tenant: str = "anchor-and-thyme") -> Any:
    """The variant that an OFREP client gets."""
    asked = Request(
        f"http://127.0.0.1:{running.port}/env/{environment}/ofrep/v1/evaluate/flags/{key}",
        json.dumps({"context": {"targetingKey": tenant, "tenant": tenant}}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urlopen(asked, timeout=20) as reply:
            return json.loads(reply.read()).get("variant")
    except HTTPError as error:  # flags come last
        return error.code


def test_a_flag_is_turned_by_a_commit_while_configuration_is_wrong(yard: Yard) -> None:
    """What is wrong with configuration stays said, and is released once it is mended."""
    yard.git("config", "user.name", "Mira")
    yard.git("config", "user.email", "mira@harbourkitchen.com")
    with following(yard, "--follow", yard.branch, "--env", "production") as running:
        eventually(lambda: evaluated(running, "production") == "on", SECONDS)
        yard.commit("Zebra")
        eventually(lambda: kinds(running) == ["findings"], SECONDS)
        kill = ["flags", "kill", "live-tickets", "--env", "production", "--reason", "tickets come twice", "--yes"]
        assert cli.run(["-C", str(yard.repo), *kill]) == 0
        eventually(lambda: evaluated(running, "production") == "", SECONDS)
        assert turning(running)["refused"][0]["stream"] == "config"
        assert kinds(running) == ["findings"]
        yard.git("revert", "--no-edit", "HEAD")
        eventually(lambda: evaluated(running, "production") == "on", SECONDS)
        yard.commit(17)
        eventually(lambda: not kinds(running) and pool(running, "production") == 17, SECONDS)


def test_flags_that_are_wrong_leave_the_last_good_ones_and_configuration_goes_on(yard: Yard) -> None:
    with following(yard, *EDITS) as running:
        file = yard.repo / "flags/kitchen.yaml"
        text = file.read_text()
        file.write_text(text.replace("development: {default: on}", "development: {default: onn}", 1))
        eventually(lambda: kinds(running) == ["findings"], SECONDS)
        assert turning(running)["refused"][0]["stream"] == "flags"
        assert evaluated(running, "development") == "on"
        yard.edit(9)
        eventually(lambda: pool(running) == 9, SECONDS)
        file.write_text(text.replace("development: {default: on}", "development: {default: off}", 1))
        eventually(lambda: evaluated(running, "development") == "off" and not kinds(running), SECONDS)
