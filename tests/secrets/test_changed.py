"""Which secrets a change alters, told without a key."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from terrace.sops import create
from tests.secrets.conftest import Person, Shop

FILE = "environments/production/shop.secrets.yaml"


def git(folder: Path, *argv: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@harbourkitchen.com")
    subprocess.run(["git", *who, *argv], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def committed(shop: Shop) -> Shop:
    shop.set("database.password", "a long password")
    shop.set("database.pin", "4711")
    for line in ("init -q", "add -A", "commit -qm first"):
        git(shop.folder, *line.split())
    return shop


def changed(shop: Shop, *more: str) -> Any:
    done = shop.run("secrets", "changed", "--format", "json", *more)
    assert done.code == 0, done
    return json.loads(done.out)["files"]


def test_what_is_set_anew_comes_and_goes_is_named(committed: Shop) -> None:
    committed.set("database.password", "another long password")
    assert committed.run("secrets", "unset", "shop", "database.pin", "--env", "production").code == 0
    (file,) = changed(committed)
    assert (file["path"], file["changed"], file["gone"], file["new"]) == (
        FILE, ["database.password"], ["database.pin"], [],
    )  # fmt: skip
    git(committed.folder, "commit", "-qam", "second")
    assert changed(committed) == []
    assert changed(committed, "--since", "HEAD~1")[0]["gone"] == ["database.pin"]
    assert changed(committed, "--since", "HEAD", "--at", "HEAD~1")[0]["new"] == ["database.pin"]


def test_a_new_data_key_changes_no_secret(committed: Shop) -> None:
    assert committed.run("secrets", "rotate", "--data-keys").code == 0
    (file,) = changed(committed)
    assert {name: file[name] for name in ("new", "changed", "gone")} == {"new": [], "changed": [], "gone": []}
    said = committed.run("secrets", "changed").out
    assert "encrypted anew, with the values that it had" in said
    assert "0 secrets in 1 file" in said


def test_it_needs_no_key_and_can_fail_a_pipeline(committed: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    committed.set("database.password", "another long password")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "/nonexistent")
    done = committed.run("secrets", "changed", "--exit-code")
    assert done.code == 1
    assert "changed  database.password" in done.out
    assert "another" not in done.out


def test_who_can_open_a_file_from_now_on_is_said(committed: Shop, eve: Person) -> None:
    (committed.folder / FILE).write_text(create({"database": {"pin": 1}}, [eve.recipient], now=datetime.now(UTC)))
    (file,) = changed(committed)
    assert len(file["joined"]) == 1
    assert file["left"]
