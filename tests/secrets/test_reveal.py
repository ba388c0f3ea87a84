"""`terrace show --reveal` and `terrace exec`: secrets and references in the open, for whoever asked, and recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.secrets.conftest import Person, Shop

RIVER, LAKE, TOKEN = "river-of-january", "lake-of-february", "tok_reference"


@pytest.fixture
def full(shop: Shop, tmp_path: Path) -> Shop:
    """A shop with a secret, one of a tenant's, and a reference."""
    shop.set("database.password", RIVER, "staging")
    shop.set("database.pin", "4711", "staging")
    shop.set("database.password", LAKE, "staging", "--tenant", "acme")
    (tmp_path / "token").write_text(TOKEN)
    folder = shop.folder / "environments/staging"
    (folder / "shop.yaml").write_text(f"mail:\n  sender: a@b.example\n  token: ref+file://{tmp_path}/token\n")
    with (folder / "environment.yaml").open("a") as stream:
        stream.write(f"references: [file://{tmp_path}/]\n")
    return shop


def revealed(shop: Shop, *more: str) -> dict[str, dict[str, object]]:
    ran = shop.run("show", "shop", "--env", "staging", "--reveal", "--yes", "--format", "json", *more)
    assert ran.code == 0, ran.err
    found: dict[str, dict[str, object]] = json.loads(ran.out)
    return found


def test_revealed_is_what_the_application_gets(full: Shop) -> None:
    assert revealed(full) == {
        "database": {"host": "db.internal", "port": 5432, "password": RIVER, "pin": 4711},
        "mail": {"sender": "a@b.example", "token": TOKEN},
    }
    assert revealed(full, "--tenant", "acme")["database"]["password"] == LAKE


def test_every_opening_is_recorded_references_too(full: Shop) -> None:
    before = len(full.log().splitlines())
    revealed(full, "--reason", "incident 7")
    records = [json.loads(line) for line in full.log().splitlines()[before:]]
    assert [list(each["values"]) for each in records] == [["mail.token"], ["database.password", "database.pin"]]
    assert {each["reason"] for each in records} == {"incident 7"}
    assert records[0]["file"].startswith("ref+file://")
    assert TOKEN not in full.log()


def test_without_the_flag_secrets_are_masked_and_nothing_is_opened(full: Shop) -> None:
    before = full.log()
    ran = full.run("show", "shop", "--env", "staging")
    assert ran.code == 0
    assert "password: ********" in ran.out.replace('"', "")
    assert not any(value in ran.out for value in (RIVER, TOKEN, "4711"))
    assert full.log() == before


@pytest.mark.parametrize("more", [(), ("-o", "file"), ("--at", "HEAD", "--yes")])
def test_revealing_goes_to_a_terminal_or_where_it_was_asked_for(
    full: Shop, more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = full.log()
    ran = full.run("show", "shop", "--env", "staging", "--reveal", *more)
    assert ran.code in (1, 2)
    assert full.log() == before
    assert not (tmp_path / "file").exists()


def test_a_place_that_the_environment_does_not_allow_is_not_asked(full: Shop, tmp_path: Path) -> None:
    layer = full.folder / "environments/staging/shop.yaml"
    layer.write_text(layer.read_text().replace(f"{tmp_path}/token", "/etc/hostname"))
    ran = full.run("show", "shop", "--env", "staging", "--reveal", "--yes")
    assert (ran.code, ran.out) == (3, "")
    assert "may not name this place" in ran.err


def test_no_key_no_values(full: Shop, eve: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    ran = full.run("show", "shop", "--env", "staging", "--reveal", "--yes")
    assert (ran.code, ran.out) == (3, "")


def executed(shop: Shop, *argv: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "terrace", "-C", str(shop.folder), "exec", *argv]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_a_command_gets_everything_in_its_environment(full: Shop) -> None:
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    ran = executed(full, "--env", "staging", "--", sys.executable, "-c", script)
    assert ran.returncode == 0, ran.stderr
    got = json.loads(ran.stdout)
    assert (got["DB_PASSWORD"], got["SHOP__DATABASE__PIN"], got["SHOP__MAIL__TOKEN"]) == (RIVER, "4711", TOKEN)
    assert (got["SHOP__DATABASE__HOST"], got["TERRACE_ENV"], got["HOME"]) == (
        "db.internal",
        "staging",
        os.environ["HOME"],
    )
    assert "terrace exec" in full.log().splitlines()[-1]


def test_the_command_s_exit_code_is_its_own(full: Shop) -> None:
    assert executed(full, "--env", "staging", "--", "sh", "-c", "exit 42").returncode == 42


def test_a_command_that_is_not_there_shows_no_value(full: Shop) -> None:
    ran = executed(full, "--env", "staging", "--", "no-such-program")
    assert ran.returncode == 3
    assert RIVER not in ran.stdout + ran.stderr


def test_a_file_of_revealed_secrets_is_its_owners_alone(full: Shop, tmp_path: Path) -> None:
    for file in (tmp_path / "new.yaml", tmp_path / "old.yaml"):
        if file.name == "old.yaml":
            file.write_text("what stood there before, and was longer\n" * 40)
            file.chmod(0o644)
        ran = full.run("show", "shop", "--env", "staging", "--reveal", "--yes", "-o", str(file))
        assert ran.code == 0, ran.err
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text() == full.run("show", "shop", "--env", "staging", "--reveal", "--yes").out
