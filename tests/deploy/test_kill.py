"""A deployer that dies, at any step and at any time: readers never notice, and the next deployment puts it right."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import open_bundle
from terrace.deploy.directory import DirectoryDestination
from terrace.deploy.steps import Step
from tests.soak import rounds

pytestmark = pytest.mark.kill


def pair(build: Any, number: int) -> list[Path]:
    values = {"database": {"pool": number, "host": f"db-{number}"}}
    tenants = {"acme": {"database": {"pool": number + 100}}, f"t{number}": {"database": {"pool": 1}}}
    return [
        build(values, tenants, secret=f"s{number}"),
        build(values, {"acme": None}, service="worker", secret=f"s{number}"),
    ]


def whole(root: Path, wanted: list[str]) -> None:
    """Everything at the destination is as if nobody had died."""
    destination = DirectoryDestination(root)
    current = destination.current()
    assert [current[service].digest for service in ("backend", "worker")] == wanted
    lines = [json.loads(line) for line in (root / ".terrace" / "log.jsonl").read_bytes().splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    assert [release.number for release in destination.releases()] == list(range(1, len(lines) + 1))
    assert [ref.digest for ref in destination.releases()[-1].bundles] == wanted
    assert not (root / ".terrace" / "pending.json").exists()
    for service in ("backend", "worker"):
        names = {path.name for path in (root / service).iterdir()}
        assert not [name for name in names if name.startswith(("..staging", "..removing", "..data_tmp"))]
        inside = {path.name for path in Path(root / service / "..data").iterdir()}
        assert {name for name in names if not name.startswith("..")} == inside


def test_killed_at_every_step_readers_see_whole_releases(
    build: Any, deployer: Any, reader: Any, tmp_path: Path
) -> None:
    releases = [pair(build, number) for number in range(3)]
    digests = [[open_bundle(folder).ref.digest for folder in folders] for folders in releases]
    rehearsal = tmp_path / "rehearsal"
    deployer.run(rehearsal, *releases[0], keep=2)
    deployer.run(rehearsal, *releases[1], keep=2)
    steps = deployer.run(rehearsal, *releases[2], keep=2)["steps"]
    # Every step that a deployment has is reached, but those that only rollbacks and cleared holds take.
    assert {step.name for step in Step} - set(steps) == {"HELD", "LIFTED"}

    root = tmp_path / "destination"
    for folders in releases[:2]:
        assert deployer.run(root, *folders, keep=2)["error"] == ""
    watching = reader(root / "backend", root / "worker")
    turn = 1
    for kill_at, step in enumerate(steps, 1):
        turn += 1
        old, new = digests[(turn - 1) % 3], digests[turn % 3]
        answer = deployer.run(root, *releases[turn % 3], keep=2, kill_at=kill_at)
        assert answer["signal"] == signal.SIGKILL, step
        current = DirectoryDestination(root).current()
        assert current["backend"].digest in (old[0], new[0]), step
        assert current["worker"].digest in (old[1], new[1]), step
        again = deployer.run(root, *releases[turn % 3], keep=2)
        assert again["error"] == "", step
        assert again["unchanged"] == (kill_at > steps.index("INTENDED")), step
        whole(root, new)
    seen = watching.stop()
    assert seen["broken"] == []
    assert seen["count"] > len(steps)
    for place, service in enumerate(seen["seen"]):
        assert {f"sha256:{digest}" for digest in service} <= {pair[place] for pair in digests}


def test_killed_at_any_time_readers_see_whole_releases(build: Any, deployer: Any, reader: Any, tmp_path: Path) -> None:
    releases = [pair(build, number) for number in range(3)]
    root = tmp_path / "destination"
    assert deployer.run(root, *releases[0])["error"] == ""
    begin = time.monotonic()
    assert deployer.run(root, *releases[1])["error"] == ""
    usual = time.monotonic() - begin
    watching = reader(root / "backend", root / "worker")
    chance = random.Random(2026)
    killed = 0
    for turn in range(1, rounds(40) + 1):
        answer = deployer.run(root, *releases[turn % 3], kill_after=chance.uniform(0, usual))
        if answer["signal"] == signal.SIGKILL:
            killed += 1
        else:
            usual *= 0.9  # it was through: the machine has less to do than before
    assert deployer.run(root, *releases[0])["error"] == ""
    whole(root, [open_bundle(folder).ref.digest for folder in releases[0]])
    seen = watching.stop()
    assert killed > 0
    assert seen["broken"] == []


def test_a_rollback_that_is_killed_is_finished_with_its_hold(build: Any, deployer: Any, tmp_path: Path) -> None:
    releases = [pair(build, number) for number in range(2)]

    def fresh(name: str) -> Path:
        for folders in releases:
            assert deployer.run(tmp_path / name, *folders)["error"] == ""
        return tmp_path / name

    steps = deployer.run(fresh("rehearsal"), action="rollback")["steps"]
    assert "HELD" in steps
    for kill_at, step in enumerate(steps, 1):
        root = fresh(f"at-{kill_at}")
        assert deployer.run(root, action="rollback", kill_at=kill_at)["signal"] == signal.SIGKILL
        refused = deployer.run(root, *releases[1])
        destination = DirectoryDestination(root)
        if kill_at > steps.index("INTENDED"):
            assert refused["error"].startswith("HeldError"), step
            assert [hold.name for hold in destination.holds()] == ["backend-3", "worker-3"]
            assert open_bundle(root / "backend").values("acme")["database"]["pool"] == 100
            assert [release.action for release in destination.releases()] == ["deploy", "deploy", "rollback"]
        else:
            assert refused["unchanged"] is True, step
            assert destination.holds() == []


def test_hundreds_of_swaps_under_a_busy_reader(build: Any, deploy: Any, reader: Any) -> None:
    bundles = [build({"a": number}, {"acme": {"a": -number}}, secret=f"s{number}") for number in range(4)]
    deploy(bundles[0])
    watching = reader(deploy.destination.root / "backend")
    for turn in range(1, rounds(300) + 1):
        assert deploy(bundles[turn % 4]).unchanged is False
    seen = watching.stop()
    assert seen["broken"] == []
    assert len(seen["seen"][0]) > 10
    assert len(deploy.destination.releases()) == rounds(300) + 1
