"""Bundles to deploy, destinations, and processes that die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import BundleWriter, Facts
from terrace.deploy.directory import DirectoryDestination

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "x-terrace-version": "1.0.0",
    "properties": {
        "database": {
            "type": "object",
            "properties": {"pool": {"type": "integer", "x-terrace-live": True}, "host": {"type": "string"}},
        },
        "limits": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}

Values = Mapping[str, Any]
Build = Callable[..., Path]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: each release is put on disk, and a slow disk is not what is tested."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="test_", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Seals a bundle into a new folder: the values for no tenant, and those of tenants that differ."""
    made: list[Path] = []

    def seal(
        values: Values,
        tenants: Mapping[str, Values | None] | None = None,
        *,
        service: str = "backend",
        environment: str = "production",
        secret: str = "first",
    ) -> Path:
        folder = tmp_path / f"bundle-{len(made)}"
        facts = Facts("production", protected=True)
        writer = BundleWriter(
            folder, environment=environment, service=service, tenancy="pooled", schema=SCHEMA, facts=facts
        )
        shared = (f"environments/{environment}/{service}.secrets.yaml", f"password: ENC[{secret}]\n".encode())
        writer.add(None, values, [shared])
        for tenant, own in (tenants or {}).items():
            file = (f"tenants/{tenant}/{environment}/{service}.secrets.yaml", f"token: ENC[{tenant}]\n".encode())
            writer.add(tenant, own, [shared, file])
        writer.seal({"commit": "abc"})
        made.append(folder)
        return folder

    return seal


@pytest.fixture
def destination(tmp_path: Path) -> DirectoryDestination:
    """An empty destination."""
    return DirectoryDestination(tmp_path / "destination")


class Deploy:
    """Deploys bundles with what else has to be said."""

    def __init__(self, destination: DirectoryDestination) -> None:
        self.destination = destination

    def __call__(self, *folders: Path) -> Any:
        return self.destination.deploy(folders, now=NOW, actor="ci")

    def back(self, service: str | None = None, to: str | None = None, **more: Any) -> Any:
        """Roll back."""
        said = {"reason": "orders fail", "actor": "mira", "now": NOW, **more}
        return self.destination.rollback(service, to, **said)


@pytest.fixture
def deploy(destination: DirectoryDestination) -> Deploy:
    """Deploys to `destination`."""
    return Deploy(destination)


class Deployer:
    """A process beside the test that deploys in children of its own, and kills them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, root: Path, *folders: Path, **more: Any) -> dict[str, Any]:
        """Deploy to `root` in a new process. Gives the signal it died from (0: none), its steps and its error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        command = {"root": str(root), "folders": [str(folder) for folder in folders], **more}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@pytest.fixture
def deployer() -> Iterator[Deployer]:
    """Deploys in processes that can be killed."""
    command = [sys.executable, str(HERE / "deployer.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Deployer(process)
        assert process.stdin is not None
        process.stdin.close()


class Reader:
    """A process that reads all the time, as an application in another language would."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def stop(self) -> dict[str, Any]:
        """What it saw: how often it read, the digests, and everything that was not whole."""
        out, _ = self._process.communicate("stop\n", timeout=60)
        seen: dict[str, Any] = json.loads(out)
        return seen


@pytest.fixture
def reader() -> Iterator[Callable[..., Reader]]:
    """Starts readers, and ends those that still run."""
    processes: list[subprocess.Popen[str]] = []

    def start(*services: Path, tenant: str = "acme") -> Reader:
        command = [sys.executable, "-I", str(HERE / "reader.py"), tenant, *map(str, services)]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert processes[-1].stdout is not None
        assert processes[-1].stdout.readline() == "reading\n"
        return Reader(processes[-1])

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def alarm() -> Iterator[None]:
    """Ends a test that waits for what never comes."""

    def ring(_number: int, _frame: object) -> None:
        raise TimeoutError("still waiting after 20 seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


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
