"""What people and machines are told to run is there to be run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

Tool = Callable[..., "subprocess.CompletedProcess[str]"]

MANY = {"setup", "run", "test", "check", "fix", "bench", "docs"}
CALLED = re.compile(r"(?:bin/|entry: |`|\$ )terrace ([a-z][a-z-]*)")


def hooks(root: Path) -> list[dict[str, Any]]:
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    return [hook for repo in config["repos"] for hook in repo["hooks"]]


def test_make_alone_lists_what_there_is(root: Path, make: Tool) -> None:
    names = set(re.findall(r"^\s+make ([a-z-]+)", make().stdout, re.M))
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M))
    assert names >= MANY
    assert names <= targets
    assert targets - names == {name for name in targets if name.startswith("check-")}


def test_check_runs_every_part_and_the_tests(make: Tool) -> None:
    planned = make("--dry-run", "check").stdout
    parts = ["ruff format", "ruff check", "mypy", "lint-imports", "terrace validate", "terrace schemas --check"]
    for part in [
        *parts,
        "yamllint",
        "zizmor",
        "check-jsonschema",
        "kingfisher scan",
        "mkdocs build --strict",
        "-m pytest",
    ]:
        assert part in planned


def test_bench_times_secrets_and_the_audit_log_too(make: Tool) -> None:
    planned = make("--dry-run", "bench").stdout
    assert re.findall(r"-m (benchmarks[.a-z]*)", planned) == ["benchmarks", "benchmarks.secrets", "benchmarks.audit"]


def test_a_failing_part_shows_what_it_said_and_fails(make: Tool) -> None:
    result = make("check-format", "BIN=/nowhere")
    assert result.returncode == 2
    assert "/nowhere/ruff" in result.stdout
    assert "FAILED  format" in result.stdout


def test_deploying_needs_an_environment_to_be_named(make: Tool) -> None:
    result = make("deploy")
    assert result.returncode == 2
    assert "make deploy ENV=staging" in result.stderr


def test_ci_can_be_run_and_is_sound_shell(root: Path) -> None:
    assert os.access(root / ".ci/run", os.X_OK)
    subprocess.run(["bash", "-n", ".ci/run"], cwd=root, check=True)


def test_hooks_are_well_formed(tool: Tool) -> None:
    for command in ("validate-config", "validate-manifest"):
        result = tool("pre-commit", command)
        assert result.returncode == 0, result.stdout + result.stderr


def test_hooks_call_tools_that_are_installed(root: Path) -> None:
    programs = [Path(hook["entry"].split()[0]) for hook in hooks(root)]
    assert [program for program in programs if program.parts[:2] != (".venv", "bin")] == []
    assert [program for program in programs if not (root / program).is_file()] == []


def test_hooks_for_other_repositories_are_those_used_here(root: Path) -> None:
    ours = {hook["id"]: hook for hook in hooks(root)}
    offered = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in offered:
        assert ours[hook["id"]]["entry"] == f".venv/bin/{hook['entry']}"


@pytest.mark.skipif(find_spec("terrace.cli") is None, reason="the command line is not there yet")
def test_every_terrace_command_that_is_named_is_there(root: Path, files: list[Path]) -> None:
    from terrace.cli import commands, groups

    texts = [path for path in files if path.suffix in (".md", ".yml", ".yaml") or path.name == "Makefile"]
    named = {
        (str(path.relative_to(root)), command)
        for path in texts
        for command in CALLED.findall(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert {command for _, command in named} >= {"deploy", "validate", "lint", "schemas", "fix"}
    assert sorted(entry for entry in named if entry[1] not in {*commands(), *groups()}) == []
