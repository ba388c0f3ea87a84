"""What is left out of a run of the tests is said, and there is a command that runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_says(root: Path, *arguments: str, **variables: str) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "TERRACE_TEST_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
    ended = subprocess.run(command, cwd=root, env={**kept, **variables}, capture_output=True, text=True, check=False)
    return ended.stdout


def test_a_test_that_needs_the_real_thing_is_named_as_not_tested(root: Path) -> None:
    *_, said, count = pytest_says(root, "tests/report/test_sarif.py", "-k", "multitool").splitlines()
    assert said == "NOT TESTED: tests/report/test_sarif.py (1): needs the real thing: make test-real"
    assert count.startswith("1 skipped")


@pytest.mark.parametrize(
    ("marker", "named", "other"),
    [
        ("real", "test_the_sarif_multitool", "test_killed_at_any_time"),
        ("soak", "test_killed_at_any_time", "test_the_sarif_multitool"),
        ("soak", "test_any_change_that_is_undone_is_held", "test_holds_are_listed"),
    ],
)
def test_a_command_selects_what_it_is_for(root: Path, marker: str, named: str, other: str) -> None:
    said = pytest_says(root, "--collect-only", "-m", marker, "tests/report/test_sarif.py", "tests/deploy")
    assert named in said
    assert other not in said


def test_make_runs_them(make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert "TERRACE_TEST_REAL=1 .venv/bin/python -m pytest" in make("--dry-run", "test-real").stdout
    assert "TERRACE_TEST_SOAK='3' .venv/bin/python -m pytest" in make("--dry-run", "soak", "TIMES=3").stdout
