"""What once passed as clean, or ended as a bug of ours, and must be told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace import cli
from terrace.errors import ExitCode

HERE = Path(__file__).parents[2]
SCHEMA = "schemas/generated/backend.schema.json"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the living example, old enough for verdicts on it to be kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    for name in ("environments", "tenants", "schemas"):
        shutil.copytree(HERE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "recipients.yaml", ".sops.yaml"):
        shutil.copy(HERE / name, folder)
    return folder


def run(folder: Path, *more: str) -> int:
    return cli.run(["validate", "-C", str(folder), *more])


def codes(folder: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    capsys.readouterr()
    run(folder, "--format", "json")
    return {finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]}


def test_contract_that_changed_is_not_judged_from_what_was_kept(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terrace.validate.verdicts._RACY_NS", -(10**12))
    assert run(repository) == ExitCode.CLEAN
    contract = repository / "schemas" / "backend.py"
    contract.write_text(contract.read_text().replace("return self", "raise ValueError('never')", 1))
    assert run(repository) == ExitCode.FINDINGS


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_in_the_place_of_the_verdicts_is_none(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    monkeypatch.setattr("terrace.validate.verdicts._RACY_NS", -(10**12))
    assert run(repository) == ExitCode.CLEAN
    (verdicts,) = (tmp_path / "cache").rglob("verdicts.json")
    verdicts.unlink()
    make(verdicts)
    signal.alarm(60)  # ends the whole run, should anything be waited for
    assert run(repository) == ExitCode.CLEAN
    signal.alarm(0)
    assert verdicts.is_file() is (make is os.mkfifo)  # what can be replaced is


def test_contract_that_leaves_the_program_does_not_end_a_check_as_clean(repository: Path) -> None:
    with (repository / "schemas" / "backend.py").open("a") as file:
        file.write("raise SystemExit(0)\n")
    assert run(repository) == ExitCode.FAILED


def test_validator_that_fails_is_told_with_its_contract(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract = repository / "schemas" / "backend.py"
    contract.write_text(contract.read_text().replace("return self", "return None + 1", 1))
    assert run(repository) == ExitCode.FAILED
    assert "schemas/backend.py: a validator of" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"type": "integer"', '"type": "int"', 1),
        lambda text: text.replace('"pattern": "', '"pattern": "(((', 1),
        lambda text: text.replace('"$ref": "#/$defs/', '"$ref": "#/$defs/Nope', 1),
        lambda text: text.replace('"$ref": "#/$defs/', '"$ref": "http://127.0.0.1:1/', 1),
        lambda text: '{"type": "object", "properties": []}',
        lambda text: '{"type": "object", "properties": {"server": 3}}',
    ],
    ids=["type", "pattern", "dangling reference", "reference elsewhere", "list of properties", "no schema inside"],
)
def test_generated_schema_that_is_none_is_a_finding(
    repository: Path, capsys: pytest.CaptureFixture[str], change: Callable[[str], str]
) -> None:
    file = repository / SCHEMA
    file.write_text(change(file.read_text()))
    assert "SYN016" in codes(repository, capsys)


def test_keywords_of_the_wrong_type_are_findings(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marks = {"x-terrace-" + name: 3 for name in ("set-by", "required-in", "must-differ", "live", "owner", "identifies")}
    server = {"type": "object", "additionalProperties": False, **marks}
    schema = {"type": "object", "x-terrace-tenancy": [], "properties": {"server": server}}
    (repository / SCHEMA).write_text(json.dumps(schema))
    assert "SCH008" in codes(repository, capsys)


def test_tenant_that_is_a_repository_of_its_own_is_not_passed_over(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "tenants" / "pho-corner" / ".git").write_text("gitdir: elsewhere\n")
    assert "SYN016" in codes(repository, capsys)


def test_tenant_behind_a_link_is_not_passed_over(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tenant = repository / "tenants" / "pho-corner"
    tenant.rename(repository / "elsewhere")
    tenant.symlink_to(Path("..") / "elsewhere", target_is_directory=True)
    assert "SYN015" in codes(repository, capsys)


@pytest.mark.parametrize("value", ["\x01", os.fsdecode(b"\xff")])
def test_value_that_no_yaml_can_hold_is_wrong_use(repository: Path, value: str) -> None:
    asked = ["set", "backend", "server.workers", value, "--env", "test", "-C", str(repository)]
    assert cli.run(asked) == ExitCode.USAGE


def test_file_that_is_not_there_is_wrong_use(repository: Path) -> None:
    assert run(repository, str(repository / "environments" / "tset" / "backend.yaml")) == ExitCode.USAGE


@pytest.mark.parametrize("named", ["environments", "environments/test", "."])
def test_folder_stands_for_all_that_is_in_it(repository: Path, named: str) -> None:
    with (repository / "environments" / "test" / "backend.yaml").open("a") as file:
        file.write("nonsense: 1\n")
    assert run(repository, str(repository / named)) == ExitCode.FINDINGS


def test_mistake_that_a_description_makes_of_another_file_is_told_with_it(repository: Path) -> None:
    description = repository / "environments" / "staging" / "environment.yaml"
    description.write_text(description.read_text().replace("kind: staging", "kind: production"))
    assert run(repository, str(description)) == ExitCode.FINDINGS


@pytest.mark.parametrize("damage", [b"x", b"{}"])
def test_damaged_release_is_replaced_by_the_next_deployment(repository: Path, damage: bytes) -> None:
    asked = ["deploy", "--env", "test", "-C", str(repository)]
    assert cli.run(asked) == ExitCode.CLEAN
    manifest = repository / ".terrace" / "releases" / "test" / "backend" / "..data" / "manifest.json"
    manifest.resolve().chmod(0o644)
    manifest.write_bytes(damage)
    assert cli.run(asked) == ExitCode.CLEAN
    assert manifest.read_bytes() != damage


def test_values_that_stop_fitting_together_are_found_after_a_run_that_was_kept(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("terrace.validate.verdicts._RACY_NS", -(10**12))
    assert run(repository) == ExitCode.CLEAN
    overlay = repository / "tenants/aurora-hotels/production/backend.yaml"
    overlay.parent.mkdir(exist_ok=True)
    overlay.write_text("database:\n  pool_min: 190\n")
    assert "SCH006" in codes(repository, capsys)


def test_one_changed_tenant_is_judged_without_starting_pydantic(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terrace.validate.verdicts._RACY_NS", -(10**12))
    assert run(repository) == ExitCode.CLEAN
    with (repository / "tenants/aurora-hotels/tenant.yaml").open("a") as file:
        file.write("# A remark.\n")
    program = "import sys; from terrace import cli; cli.run(sys.argv[1:]); assert 'pydantic' not in sys.modules"
    program = f"import terrace.validate.verdicts as v; v._RACY_NS = {-(10**12)}; {program}"
    subprocess.run([sys.executable, "-c", program, "validate", "-C", str(repository)], check=True)
