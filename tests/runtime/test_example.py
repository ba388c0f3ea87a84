"""The example application: it starts, and answers through releases that are good, wrong, damaged or rolled back."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from examples.backend.copied import Copy
from terrace import cli
from terrace.bundle import Bundle, BundleWriter, open_bundle
from terrace.deploy.directory import DirectoryDestination
from tests.runtime.conftest import NOW
from tests.runtime.test_watch import until
from tests.soak import rounds

ROOT = Path(__file__).parents[2]
TENANT = "northline-burgers"
BAD_EVERY, BACK_EVERY = 20, 9


class Served:
    """The running example: its port, and the destination it reads."""

    def __init__(self, copy: Copy, port: int, process: subprocess.Popen[str]) -> None:
        self.copy, self.port, self.process = copy, port, process
        self.service = copy.source / "backend"

    def get(self, path: str) -> tuple[int, Any]:
        """Status and content, through a new connection: any worker may answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def up(self) -> bool:
        """Whether it answers yet."""
        with suppress(OSError):
            return self.get("/ops/readyz")[0] == 200
        return False


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    copy = Copy(ROOT, tmp_path / "example")
    copy.make()
    copy.deploy()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "examples.backend.app:app", "--port", str(port), "--workers", "2"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--log-level", "warning"], cwd=ROOT, env={**os.environ, **copy.variables}, stderr=log, text=True
        )
        running = Served(copy, port, process)
        try:
            until(running.up, "the example to start")
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in (0, -signal.SIGTERM)


class Load:
    """Threads that ask all the time, and what they were answered that no application should answer."""

    def __init__(self, served: Served, expected: dict[str, int]) -> None:
        self._served, self._expected = served, expected
        self.asked = 0
        self.wrong: list[object] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(2)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                status, page = self._served.get(f"/restaurants/{TENANT}")
            except OSError as error:
                self.wrong.append(error)
                continue
            pools = {page.get("pool_max"), page.get("house_pool_max"), self._expected.get(page.get("digest", ""))}
            if status != 200 or len(pools) != 1:
                self.wrong.append((status, page))
            self.asked += 1


def sealed(like: Bundle, folder: Path, pool_max: int) -> Bundle:
    """A bundle like another one, with another pool for the house and every restaurant."""
    head = {"environment": like.ref.environment, "service": like.ref.service, "tenancy": like.manifest.tenancy}
    writer = BundleWriter(folder, **head, schema=like.schema, facts=like.facts)
    for tenant in (None, *like.tenants):
        values = like.values(tenant)
        values["database"] = {**values["database"], "pool_max": pool_max}
        writer.add(tenant, values, like.secrets(tenant))
    writer.seal({"commit": f"{pool_max:040x}"})
    return open_bundle(folder)


def tampered(served: Served, bundle: Bundle) -> None:
    """Swap in a release with a byte changed, as no deployment does it."""
    name = f"..broken-{bundle.folder.name}"
    data = (bundle.folder / "config.json").read_bytes()
    (bundle.folder / "config.json").write_bytes(data.replace(b'"pool_max":', b'"pool_mix":'))
    bundle.folder.rename(served.service / name)
    (served.service / "..data_tmp").symlink_to(name)
    (served.service / "..data_tmp").replace(served.service / "..data")


@pytest.mark.soak
def test_it_answers_through_every_release_and_mixes_none(served: Served, tmp_path: Path) -> None:
    """Good releases are seen by every worker, bad ones by nobody; under make soak there are a thousand and more."""
    destination = DirectoryDestination(served.copy.source)
    like = open_bundle(Path(shutil.copytree(served.service / "..data", tmp_path / "first")))
    first = like.values()["database"]["pool_max"]
    expected = {like.ref.digest: first}
    visible: list[float] = []
    bad = back = 0
    with Load(served, expected) as load:
        for number in range(1, rounds(25) + 1):
            bundle = sealed(like, tmp_path / f"b{number}", 2 + number % 190)
            if number % BAD_EVERY == 0:
                bad += 1
                if number % (2 * BAD_EVERY):
                    tampered(served, bundle)
                else:
                    destination.deploy([sealed(like, tmp_path / f"w{number}", 999).folder], now=NOW, actor="ci")
                until(lambda: served.get("/ops/configz")[1]["state"] == "degraded", "the refusal")
                continue
            expected[bundle.ref.digest] = 2 + number % 190
            released = destination.deploy([bundle.folder], now=NOW, actor="ci").release.bundles[0].digest
            # What ran before a release that nobody could use is not what one goes back to.
            if number % BACK_EVERY == 0 and (number - 1) % BAD_EVERY:
                back += 1
                released = destination.rollback(None, None, reason="it fails", actor="mira", now=NOW).release
                released = released.bundles[0].digest
                expected.setdefault(released, _pool_of(served))
            begun = time.monotonic()
            until(lambda: all(served.get("/")[1]["digest"] == released for _ in range(6)), f"release {number}")  # noqa: B023
            visible.append(time.monotonic() - begun)
    assert load.wrong == []
    assert load.asked > 10 * len(visible)
    assert bad
    assert back
    visible.sort()
    middle, last = visible[len(visible) // 2], visible[-1]
    print(f"{load.asked} requests, {len(visible)} good releases, {bad} bad, {back} rollbacks;", end=" ")
    print(f"seen by all workers after {middle * 1000:.0f} ms (median), {last * 1000:.0f} ms (longest)")


def _pool_of(served: Served) -> int:
    pool: int = open_bundle(served.service).values()["database"]["pool_max"]
    return pool


def test_deploy_and_rollback_wait_until_it_runs_them(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    descriptor = served.copy.repo / "environments/development/environment.yaml"
    url = f"http://127.0.0.1:{served.port}/ops/configz"
    descriptor.write_text(f"{descriptor.read_text()}configz:\n  backend: [{url}]\n")
    layer = served.copy.repo / "environments/development/backend.yaml"
    layer.write_text(layer.read_text().replace("pool_max: 5", "pool_max: 9"))
    here = ["-C", str(served.copy.repo)]
    capfd.readouterr()
    assert cli.run([*here, "deploy", "--env", "development", "--wait", "20"]) == 0
    assert served.get("/")[1]["pool"]["size"] == 9
    assert "1 endpoint runs it." in capfd.readouterr().out
    assert (
        cli.run([*here, "rollback", "--env", "development", "--reason", "it fails", "--wait", "--format", "json"]) == 0
    )
    (arrival,) = json.loads(capfd.readouterr().out)["arrivals"]
    assert (arrival["service"], arrival["url"], arrival["state"]) == ("backend", url, "arrived")
    assert served.get("/")[1]["pool"]["size"] == 5


def test_health_is_there_and_holds_no_secret(served: Served, tmp_path: Path) -> None:
    status, told = served.get("/ops/configz")
    assert (status, told["service"], told["environment"]) == (200, "backend", "development")
    assert served.get("/restaurants/nobody")[0] == 404
    assert (tmp_path / "log").read_text() == ""


def test_a_flag_is_turned_off_and_reverted_without_restart(served: Served) -> None:
    """By the commands that the example names; `git log` has the toggle, `git revert` takes it back."""

    def lives() -> bool:
        answers = {served.get(f"/restaurants/{TENANT}")[1]["live_tickets"] for _ in range(6)}
        return answers == {True}

    def released(*argv: str) -> None:
        assert cli.run(["-C", str(served.copy.repo), *argv]) == 0

    def git(*argv: str) -> str:
        who = ("-c", "user.name=Mira", "-c", "user.email=mira@harbourkitchen.com", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(served.copy.repo), *who, *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("config", "user.name", "Mira")
    git("config", "user.email", "mira@harbourkitchen.com")
    until(lives, "the flag to be on")
    assert served.get("/ops/configz")[1]["flags"]["state"] == "ok"
    released("flags", "off", "live-tickets", "--env", "development", "--reason", "tickets come twice", "--yes")
    released("deploy", "--env", "development", "--only", "flags")
    until(lambda: not lives(), "the flag to be off")
    assert "flags: turn off live-tickets in development" in git("log", "-1", "--format=%s")
    git("revert", "--no-edit", "HEAD")
    released("deploy", "--env", "development", "--only", "flags")
    until(lives, "the flag to be on again")
