"""`terrace rollback`: which streams go back is said on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from terrace import cli
from terrace.deploy.directory import DirectoryDestination

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path, build: Callable[..., Path]) -> Path:
    """A repository whose environment has two releases that differ in configuration and in secrets."""
    folder = tmp_path / "repository"
    (folder / "environments" / "production").mkdir(parents=True)
    (folder / "environments" / "production" / "environment.yaml").write_text(
        "kind: production\ndestinations: [{directory: ../live}]\n"
    )
    destination = DirectoryDestination(tmp_path / "live")
    for limit, secret in ((1, "first"), (2, "second")):
        destination.deploy([build({"limit": limit}, secret=secret)], now=NOW, actor="ci")
    return folder


@pytest.mark.parametrize(
    ("options", "back"),
    [([], False), (["--with", "secrets"], True), (["--with", "secrets, secrets"], True), (["--with=secrets"], True)],
)
def test_secrets_go_back_only_when_they_are_named(
    repository: Path, capsys: pytest.CaptureFixture[str], options: list[str], back: bool
) -> None:
    argv = ["-C", str(repository), "rollback", "--env", "production", "--reason", "It fails", "--format", "json"]
    before = DirectoryDestination(repository.parent / "live").releases()
    assert cli.run([*argv, *options]) == 0, capsys.readouterr().err
    assert json.loads(capsys.readouterr().out)["version"] == 1
    now = DirectoryDestination(repository.parent / "live").current()["backend"].streams
    assert now.config == before[0].bundles[0].streams.config
    assert (now.secrets == before[0].bundles[0].streams.secrets) is back
