"""The workflows: what their linters say, and what no linter knows of this repository."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import golang

Tool = Callable[..., "subprocess.CompletedProcess[str]"]

FOLDER = Path(__file__).parents[2] / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
STARTED = sorted((FOLDER.parents[1] / "scripts/terrace/starter/files/dot-github/workflows").glob("*.yml"))
EACH = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def read(path: Path) -> dict[Any, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_zizmor_finds_nothing(tool: Tool) -> None:
    result = tool("zizmor", "--offline", "--quiet", "--pedantic", ".github")
    assert result.returncode == 0, result.stdout + result.stderr


def test_zizmor_would_find_something(tool: Tool, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    steps = "steps: [{run: 'echo ${{ github.head_ref }}'}]"
    bad.write_text(f"on: pull_request\njobs: {{a: {{runs-on: ubuntu-24.04, {steps}}}}}\n", encoding="utf-8")
    result = tool("zizmor", "--offline", "--quiet", str(bad))
    assert result.returncode != 0
    assert "template-injection" in result.stdout


def actionlint(*paths: Path) -> str:
    """What actionlint says of workflows, their expressions and their shell; nothing if all is well."""
    version = "v1.7.12"

    def build(go: str, folder: Path) -> None:
        environ = {**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "local"}
        subprocess.run(
            [go, "install", f"github.com/rhysd/actionlint/cmd/actionlint@{version}"], env=environ, check=True
        )

    program = golang.built(f"actionlint-{version}", build) / "actionlint"
    ended = subprocess.run([str(program), "-no-color", *map(str, paths)], capture_output=True, text=True, check=False)
    assert bool(ended.returncode) == bool(ended.stdout), ended.stderr
    return ended.stdout


@pytest.mark.real
def test_actionlint_finds_nothing_here_and_in_new_repositories(tmp_path: Path) -> None:
    assert actionlint(*WORKFLOWS, *STARTED) == ""
    bad = tmp_path / "bad.yml"
    bad.write_text("on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ github.nothing }}'}]}}\n")
    assert 'property "nothing" is not defined' in actionlint(bad)


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_workflows_have_the_shape_that_github_reads(tool: Tool, schema: str) -> None:
    result = tool("check-jsonschema", "--builtin-schema", schema, *map(str, WORKFLOWS))
    assert result.returncode == 0, result.stdout + result.stderr


def test_dependabot_has_the_shape_that_github_reads(tool: Tool) -> None:
    result = tool("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
    assert result.returncode == 0, result.stdout + result.stderr


@EACH
def test_every_foreign_action_is_pinned_to_a_commit_with_its_version_beside_it(path: Path) -> None:
    lines = [line.strip(" -") for line in path.read_text(encoding="utf-8").splitlines()]
    foreign = [line for line in lines if line.startswith("uses:") and "uses: ./" not in line]
    assert [line for line in foreign if not PINNED.fullmatch(line)] == []


@EACH
def test_nothing_is_permitted_unless_a_job_asks_for_it(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert [name for name, job in workflow["jobs"].items() if "permissions" not in job] == []


@EACH
def test_what_a_workflow_makes_is_in_the_makefile(path: Path, root: Path) -> None:
    made = re.findall(r"\bmake ([a-z-]+)", path.read_text(encoding="utf-8"))
    targets = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M)
    assert set(made) <= set(targets)


def test_each_environment_is_deployed_after_the_one_before_it() -> None:
    jobs = read(FOLDER / "deploy.yml")["jobs"]
    assert [job["with"]["environment"] for job in jobs.values()] == list(jobs)
    assert [job.get("needs") for job in jobs.values()] == [None, *list(jobs)[:-1]]


def test_environments_are_deployed_in_their_promotion_order(root: Path) -> None:
    described = {path.parent.name: read(path) for path in root.glob("environments/*/environment.yaml")}
    if not described:
        pytest.skip("the example has no environments yet")
    order = sorted(described, key=lambda name: (described[name].get("order", 0), name))
    assert list(read(FOLDER / "deploy.yml")["jobs"]) == order


def test_secrets_are_rotated_in_every_environment(root: Path) -> None:
    job = read(FOLDER / "secrets.yml")["jobs"]["rotate"]
    environments = {path.parent.name for path in root.glob("environments/*/environment.yaml")}
    assert set(job["strategy"]["matrix"]["environment"]) == environments
    assert job["environment"] == "${{ matrix.environment }}"


def test_no_private_key_reaches_a_step_but_the_one_that_rotates() -> None:
    text = (FOLDER / "secrets.yml").read_text(encoding="utf-8")
    assert text.count("secrets.SOPS_AGE_KEY") == 1
    steps = read(FOLDER / "secrets.yml")["jobs"]["rotate"]["steps"]
    assert [step["id"] for step in steps if "SOPS_AGE_KEY" in step.get("env", {})] == ["rotate"]


def test_one_deployer_for_each_destination_and_none_is_cut_short() -> None:
    job = read(FOLDER / "deploy-environment.yml")["jobs"]["deploy"]
    assert job["concurrency"] == {"group": "deploy-${{ inputs.environment }}", "cancel-in-progress": False}
    assert job["environment"] == "${{ inputs.environment }}"


def test_required_checks_run_in_the_merge_queue_too() -> None:
    # YAML 1.1, which PyYAML reads, takes the key `on` for a boolean.
    assert {"pull_request", "merge_group"} <= read(FOLDER / "pull-request.yml")[True].keys()
