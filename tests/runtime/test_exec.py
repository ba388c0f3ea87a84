"""Programs in other languages: variables and files of what was deployed, a signal or a restart at changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terrace.bundle import Facts
from tests.runtime.conftest import HOST, PASSWORD, World
from tests.runtime.test_watch import until

Run = Callable[..., subprocess.Popen[str]]
SHOW = "import os; print(os.environ['DATABASE_HOST'], os.environ['DATABASE_PASSWORD'], os.environ['TERRACE_ENV'])"
STAY = """
import json, os, signal, sys, time
print("started", os.environ["KITCHEN__DATABASE__POOL_MAX"], os.getpid(), flush=True)
def again(number, frame):
    print("told", json.load(open(sys.argv[1]))["database"]["pool_max"], flush=True)
signal.signal(signal.SIGHUP, again)
while True:
    time.sleep(0.01)
"""


@pytest.fixture
def run(world: World) -> Iterator[Run]:
    """Starts `terrace exec` on what the world deployed, and ends what still runs."""
    started: list[subprocess.Popen[str]] = []

    def start(*argv: str, **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "terrace", "exec", *argv]
        process = subprocess.Popen(
            command, env={**world.environ, **more}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_command_gets_what_was_deployed_in_its_variables(world: World, run: Run) -> None:
    world.deploy()
    out, err = run("--", sys.executable, "-c", SHOW).communicate()
    assert (out.split(), err) == ([HOST, PASSWORD, "production"], "")


def test_what_is_wrong_is_said_and_nothing_started(world: World, run: Run) -> None:
    world.deploy({"pool_max": 999, "port": "x"}, secrets={"database": {"password": "short"}})
    process = run("--", sys.executable, "-c", SHOW)
    out, err = process.communicate()
    assert (process.returncode, out) == (3, "")
    for said in ("pool_max: must be 200 or less", "port: must be a whole number", "password: must have 8 characters"):
        assert said in err
    assert "short" not in err


def test_at_a_change_the_command_is_started_anew(world: World, run: Run) -> None:
    world.deploy()
    process = run("--on-change", "restart", "--", sys.executable, "-c", STAY)
    assert line(process).startswith("started 10 ")
    world.deploy({"pool_max": 12, "port": 6000})
    assert line(process).startswith("started 12 ")
    world.deploy({"pool_max": 999})
    world.deploy({"pool_max": 13})
    assert line(process).startswith("started 13 ")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM


def test_or_told_by_a_signal_when_its_file_is_new(world: World, run: Run, memory: Path) -> None:
    world.deploy()
    file = memory / "kitchen.json"
    argv = ("--write", str(file), "--on-change", "HUP", "--", sys.executable, "-c", STAY, str(file))
    process = run(*argv)
    pid = line(process).split()[2]
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["database"]["password"] == PASSWORD
    world.deploy({"pool_max": 12, "port": 6000})
    assert line(process) == "told 12"
    assert json.loads(file.read_text())["database"]["port"] == 5432, "what is not live waits for a restart"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM
    assert list(memory.iterdir()) == []
    until(lambda: not Path(f"/proc/{pid}").exists(), "the command to end")


@pytest.mark.parametrize("suffix", ["json", "env", "yaml", "properties"])
def test_files_of_every_form(world: World, run: Run, memory: Path, suffix: str) -> None:
    world.deploy()
    file = memory / f"kitchen.{suffix}"
    out, _ = run("--write", str(file), "--", "cat", str(file)).communicate()
    assert HOST in out
    assert not file.exists()


def test_a_file_on_a_disk_is_refused(world: World, run: Run) -> None:
    world.deploy()
    process = run("--write", f"{os.getcwd()}/kitchen.json", "--", "true")  # noqa: PTH109
    _, err = process.communicate()
    assert process.returncode == 1
    assert "would hold secrets on a disk" in err


def test_the_exit_code_is_the_command_s(world: World, run: Run) -> None:
    world.deploy()
    assert run("--on-change", "restart", "--", "sh", "-c", "exit 7").wait(20) == 7
    assert run("--on-change", "restart", "--", "sh", "-c", "kill -KILL $$").wait(20) == 128 + 9
    assert run("--on-change", "restart", "--", "no-such-program").wait(20) == 3


def test_words_that_are_no_signal_are_wrong_use(world: World, run: Run) -> None:
    world.deploy()
    process = run("--on-change", "perhaps", "--", "true")
    assert "neither restart nor a signal" in process.communicate()[1]
    assert process.returncode == 2


def test_a_tenant_and_an_environment_may_be_named(world: World, run: Run) -> None:
    world.deploy(tenants={"acme": {"pool_max": 44}}, environment="staging", facts=Facts("staging", protected=False))
    show = "import os; print(os.environ['KITCHEN__DATABASE__POOL_MAX'])"
    out, _ = run("--env", "staging", "--tenant", "acme", "--", sys.executable, "-c", show, TERRACE_ENV="").communicate()
    assert out == "44\n"
