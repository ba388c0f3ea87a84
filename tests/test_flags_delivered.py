"""Flags from a repository to a destination: built, judged, released and taken back apart from configuration."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terrace import cli
from terrace.bundle import open_bundle
from terrace.model.flag import STREAM
from tests.git.conftest import Repo

BASE = Path(__file__).parent / "cases/_base"
FLAGS = """\
flags:
  new-menu:
    type: boolean
    description: The new menu
    owner: team-menu
    created: 2026-11-01
    permanent: true
    kind: kill_switch
    variants: {on: true, off: false}
    off_variant: off
    environments:
      staging: {default: on}
      production: {default: on}
"""
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """The cases' base repository with a flag, committed, and destinations beside it."""
    folder = tmp_path / "repository"
    shutil.copytree(BASE, folder)
    for name in ("staging", "production"):
        with (folder / f"environments/{name}/environment.yaml").open("a") as file:
            file.write(f"destinations: [{{directory: ../live-{name}}}]\n")
    made = Repo(folder)
    made.git("init", "-q", "-b", "main")
    made.commit("Start", **{"flags/menu.yaml": FLAGS})
    return made


@pytest.fixture
def run(repo: Repo, capsys: pytest.CaptureFixture[str]) -> Run:
    """What a command says of the repository, with the exit code that is expected."""

    def command(*argv: str, code: int = 0) -> dict[str, Any]:
        assert cli.run(["-C", str(repo.path), *argv, "--format", "json"]) == code, capsys.readouterr()
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    return command


def _live(repo: Repo, environment: str = "production") -> Any:
    return open_bundle(repo.path.parent / f"live-{environment}" / STREAM).values()


def _edited(repo: Repo, path: str, old: str, new: str) -> None:
    file = repo.path / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    repo.commit("Edit")


def _streams(said: dict[str, Any]) -> dict[str, object]:
    return {each["stream"]: each["problem"] for each in said["environments"]}


def test_one_release_has_configuration_and_flags(repo: Repo, run: Run) -> None:
    """Under one number, though they are two streams."""
    said = run("deploy", "--env", "production")["environments"]
    assert [(each["stream"], each["release"]) for each in said] == [("config", 1), ("flags", 1)]
    assert _live(repo)["flags"]["new-menu"]["defaultVariant"] == "on"
    assert _live(repo)["metadata"]["flagSetId"] == "production"


def test_wrong_flags_keep_no_configuration_back(repo: Repo, run: Run) -> None:
    """And the flags that ran go on."""
    run("deploy", "--env", "production")
    _edited(repo, "flags/menu.yaml", "production: {default: on}", "production: {default: maybe}")
    said = run("deploy", "--env", "production", code=1)
    assert _streams(said) == {"config": None, "flags": "1 error"}
    (wrong,) = (each for each in said["environments"] if each["stream"] == "flags")
    assert [found["code"] for found in wrong["findings"]] == ["FLG002"]
    assert _live(repo)["flags"]["new-menu"]["defaultVariant"] == "on"


def test_a_mistake_in_one_environments_flags_keeps_no_other_back(repo: Repo, run: Run) -> None:
    """Staging's flags are right."""
    _edited(repo, "flags/menu.yaml", "production: {default: on}", "production: {default: maybe}")
    run("deploy", "--env", "staging", "--only", "flags")
    assert _live(repo, "staging")["flags"]["new-menu"]["defaultVariant"] == "on"


def test_wrong_configuration_keeps_no_flags_back(repo: Repo, run: Run) -> None:
    """A switch must work while somebody's merge is broken."""
    run("deploy", "--env", "production")
    (repo.path / "environments/production/orders.yaml").write_text("no: such\n")
    _edited(repo, "flags/menu.yaml", "production: {default: on}", "production: {kill: true, reason: it burns}")
    said = run("deploy", "--env", "production", code=1)
    assert _streams(said)["config"] is not None
    assert _streams(said)["flags"] is None
    assert _live(repo)["flags"]["new-menu"]["state"] == "DISABLED"


def test_only_one_stream_is_released_where_it_is_said(repo: Repo, run: Run) -> None:
    """The other's folder is not even made."""
    assert set(_streams(run("deploy", "--env", "production", "--only", "config"))) == {"config"}
    assert not (repo.path.parent / "live-production" / STREAM).exists()
    assert set(_streams(run("deploy", "--env", "production", "--only", "flags"))) == {"flags"}
    assert _live(repo)


def test_configuration_goes_back_and_the_switch_stays_thrown(repo: Repo, run: Run) -> None:
    """As somebody at night has it: a bad release of configuration, a switch, a rollback."""
    run("deploy", "--env", "production")
    _edited(repo, "environments/production/orders.yaml", "workers: 32", "workers: 33")
    run("deploy", "--env", "production")
    _edited(repo, "flags/menu.yaml", "production: {default: on}", "production: {kill: true, reason: it burns}")
    run("deploy", "--env", "production")
    back = run("rollback", "--env", "production", "--reason", "too many workers")
    assert [each["service"] for each in back["services"]] == ["orders"]
    assert _live(repo)["flags"]["new-menu"]["state"] == "DISABLED"


def test_an_edit_elsewhere_releases_no_flags(repo: Repo, run: Run) -> None:
    """The commit is another, the content is not."""
    first = run("deploy", "--env", "production", "--only", "flags")["environments"][0]
    repo.commit("Say more", **{"README.md": "More.\n"})
    second = run("deploy", "--env", "production", "--only", "flags")["environments"][0]
    assert second["unchanged"]
    assert second["bundles"][0]["digest"] == first["bundles"][0]["digest"]


def test_a_rollback_of_flags_is_taken_live(repo: Repo, run: Run) -> None:
    """Whatever of a flag changed."""
    run("deploy", "--env", "production")
    _edited(repo, "flags/menu.yaml", "production: {default: on}", "production: {default: off}")
    run("deploy", "--env", "production")
    back = run("rollback", "--env", "production", "--only", "flags", "--reason", "wrong one")
    assert not back["needs_restart"]
    assert _live(repo)["flags"]["new-menu"]["defaultVariant"] == "on"


def test_a_repository_without_flags_has_no_stream_of_them(repo: Repo, run: Run) -> None:
    """Nothing is said of flags, and nothing made."""
    (repo.path / "flags/menu.yaml").unlink()
    repo.commit("No flags")
    assert set(_streams(run("deploy", "--env", "production"))) == {"config"}
