"""What commands say with `--format json`: the keys that programs rely on, and the same truth as the text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terrace import __version__, cli

BASE = Path(__file__).parent / "cases" / "_base"
ORDERS = "environments/staging/orders.yaml"
DESCRIPTOR = "kind: staging\norder: 2\ndestinations:\n  - directory: ../live\n"
BUNDLE = {"service", "digest", "config", "secrets"}
HOLD = {"name", "service", "reason", "actor", "time"}

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small product whose staging has a destination beside it; nothing is committed."""
    folder = tmp_path / "repo"
    shutil.copytree(BASE, folder)
    (folder / "environments/staging/environment.yaml").write_text(DESCRIPTOR)
    return folder


@pytest.fixture
def run(repository: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with `--format json` there, and returns what it said; the exit code is compared."""

    def command(*argv: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        ended = cli.run(["-C", str(repository), *argv, "--format", "json"])
        out, err = capsys.readouterr()
        assert ended == code, err + out
        said: dict[str, Any] = json.loads(out)
        assert said["version"] == 1
        return said

    return command


def edit(repository: Path, old: str, new: str) -> None:
    path = repository / ORDERS
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its bytes, and when it was written; links by where they lead."""
    return {
        str(path): (path.lstat().st_mtime_ns, str(path.readlink()).encode() if path.is_symlink() else path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_build_names_each_bundle_and_what_it_was_made_from(run: Run, tmp_path: Path) -> None:
    said = run("build", "--env", "staging", "-o", str(tmp_path / "built"))
    assert said["output"] == str(tmp_path / "built")
    [staging] = said["environments"]
    assert staging.keys() == {"environment", "stream", "commit", "dirty", "problem", "findings", "bundles"}
    assert (staging["environment"], staging["commit"], staging["problem"]) == ("staging", "", None)
    [bundle] = staging["bundles"]
    assert bundle.keys() == BUNDLE | {"targets", "configs"}
    index = json.loads((tmp_path / "built/staging/index.json").read_text())
    assert bundle["digest"] in json.dumps(index)


def test_build_tells_the_findings_that_kept_it_from_being_made(run: Run, repository: Path) -> None:
    edit(repository, "pool_size: 20", "pool_size: many")
    [staging] = run("build", "--env", "staging", code=1)["environments"]
    assert staging["bundles"] == []
    assert staging["problem"] == "1 error"
    assert [finding["path"] for finding in staging["findings"]] == [ORDERS]


def test_verify_names_what_is_wrong_by_bundle(run: Run, tmp_path: Path) -> None:
    built = tmp_path / "built"
    [staging] = run("build", "--env", "staging", "-o", str(built))["environments"]
    folder = built / "staging" / "orders"
    said = run("verify", str(built / "staging"))
    digest = staging["bundles"][0]["digest"]
    right = {"folder": str(folder), "digest": digest, "problems": [], "signer": None}
    assert said == {"version": 1, "ok": True, "bundles": [right]}
    (folder / "stray").write_text("")
    said = run("verify", str(built / "staging"), code=1)
    assert not said["ok"]
    [bundle] = said["bundles"]
    assert bundle["digest"] is None
    assert bundle["problems"] == ["stray is extra: the manifest does not list it"]


def test_deploy_tells_the_release_and_what_changed(run: Run, repository: Path) -> None:
    [first] = run("deploy", "--env", "staging")["environments"]
    assert first.keys() == {
        "environment", "stream", "destination", "problem", "findings", "release", "unchanged", "cleared", "recovered",
        "warnings", "bundles",
    }  # fmt: skip
    assert (first["release"], first["unchanged"], first["bundles"][0]["previous"]) == (1, False, None)
    [same] = run("deploy", "--env", "staging")["environments"]
    assert (same["release"], same["unchanged"]) == (1, True)
    edit(repository, "pool_size: 20", "pool_size: 30")
    [second] = run("deploy", "--env", "staging")["environments"]
    assert (second["release"], second["bundles"][0]["leaves"]) == (2, 1)
    assert second["bundles"][0]["previous"] == first["bundles"][0]["digest"]


def test_a_dry_run_says_what_would_change_and_writes_nothing(run: Run, repository: Path, tmp_path: Path) -> None:
    said = run("deploy", "--env", "staging", "--dry-run")
    assert said["dry_run"]
    assert said["environments"][0]["bundles"][0]["previous"] is None
    assert not (tmp_path / "live").exists()
    run("deploy", "--env", "staging")
    before = files(tmp_path / "live")
    edit(repository, "pool_size: 20", "pool_size: 30")
    [planned] = run("deploy", "--env", "staging", "--dry-run")["environments"]
    assert (planned["release"], planned["unchanged"], planned["bundles"][0]["leaves"]) == (None, False, 1)
    assert files(tmp_path / "live") == before
    [made] = run("deploy", "--env", "staging")["environments"]
    assert made["bundles"] == planned["bundles"]


def test_rollback_and_hold_tell_what_is_undone_and_held(run: Run, repository: Path) -> None:
    [first] = run("deploy", "--env", "staging")["environments"]
    edit(repository, "pool_size: 20", "pool_size: 30")
    run("deploy", "--env", "staging")
    said = run("rollback", "--env", "staging", "--reason", "Too many")
    assert said.keys() == {"version", "unchanged", "release", "needs_restart", "services", "warnings"}
    assert (said["release"], said["needs_restart"]) == (3, True)
    [service] = said["services"]
    assert service["now"]["digest"] == first["bundles"][0]["digest"]
    assert service["changes"] == [{"pointer": "/database/pool_size", "slices": 3, "live": False}]
    assert service["hold"].keys() == HOLD
    [hold] = run("hold", "--env", "staging")["holds"]
    assert hold.keys() == HOLD | {"leaves"}
    assert [leaf["pointer"] for leaf in hold["leaves"]] == ["/database/pool_size"]
    [refused] = run("deploy", "--env", "staging", "--dry-run", code=1)["environments"]
    assert hold["name"] in refused["problem"]
    assert refused["bundles"] == []
    assert run("hold", "--env", "staging", "--lift", hold["name"], "--reason", "Bigger now")["lifted"] == hold
    assert run("hold", "--env", "staging")["holds"] == []


def test_doctor_tells_each_thing_it_looked_for(run: Run, repository: Path) -> None:
    checks = {check["name"]: check for check in run("doctor")["checks"]}
    assert {"terrace", "Python", "git", "repository", "generated files"} <= checks.keys()
    assert all(check.keys() == {"name", "ok", "found", "costs", "needed"} for check in checks.values())
    assert (checks["terrace"]["ok"], checks["terrace"]["found"]) == (True, __version__)
    (repository / "schemas/generated/orders.schema.json").unlink()
    [stale] = [check for check in run("doctor")["checks"] if check["name"] == "generated files"]
    assert (stale["ok"], stale["needed"]) == (False, False)
    assert "terrace schemas" in stale["costs"]


def test_doctor_exits_1_when_what_is_needed_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    [git] = [check for check in run("doctor", code=1)["checks"] if check["name"] == "git"]
    assert (git["ok"], git["needed"], git["found"]) == (False, True, "")
    assert "no --at" in git["costs"]


def test_a_dry_run_names_the_hold_that_the_revert_clears(run: Run, repository: Path) -> None:
    run("deploy", "--env", "staging")
    edit(repository, "pool_size: 20", "pool_size: 30")
    run("deploy", "--env", "staging")
    name = run("rollback", "--env", "staging", "--reason", "Too many")["services"][0]["hold"]["name"]
    edit(repository, "pool_size: 30", "pool_size: 20")
    [planned] = run("deploy", "--env", "staging", "--dry-run")["environments"]
    assert planned["cleared"] == [name]
    assert [hold["name"] for hold in run("hold", "--env", "staging")["holds"]] == [name]
    [made] = run("deploy", "--env", "staging")["environments"]
    assert made["cleared"] == [name]
