"""Processes that load and follow are killed at random moments: what they leave behind is whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terrace.bundle import verify
from terrace.runtime import ConfigError
from tests.runtime.conftest import World
from tests.soak import rounds

FOLLOW = """
import sys
from terrace.runtime import watch
from tests.runtime.kitchen import Kitchen
with watch(Kitchen) as handle:
    print("following", flush=True)
    while True:
        handle.refresh()
"""


def start(world: World, copy: Path) -> subprocess.Popen[str]:
    variables = {**world.environ, "TERRACE_LAST_GOOD": str(copy), "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen([sys.executable, "-c", FOLLOW], env=variables, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "following\n"
    return process


@pytest.mark.soak
def test_the_last_good_copy_is_whole_whenever_its_writer_dies(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "last-good"
    lucky = random.Random(4417)
    pool = 10
    world.deploy()
    for _ in range(rounds(5)):
        process = start(world, copy)
        for _ in range(lucky.randrange(1, 4)):
            pool = 10 + (pool + 1) % 100
            world.deploy({"pool_max": pool})
        time.sleep(lucky.random() * 0.02)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert verify(copy) == []
        world.root.rename(world.folder / "away")
        handle = world.watch(last_good=copy)
        assert handle.status.age is not None
        (world.folder / "away").rename(world.root)
        assert world.watch(last_good=copy).current.database.pool_max == pool
    left = [name for name in os.listdir(copy) if name.startswith("..sha256")]  # noqa: PTH208
    assert len(left) == 1


def test_a_copy_that_cannot_be_kept_costs_the_copy_and_not_the_start(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.deploy()
    full = world.folder / "full"
    full.write_text("a file where the copy's folder would be")
    assert world.watch(last_good=full).current.database.pool_max == 10
    assert "no last good copy is kept" in caplog.text
    world.root.rename(world.folder / "away")
    with pytest.raises(ConfigError, match="no last good copy"):
        world.watch(last_good=full)
