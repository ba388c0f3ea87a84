"""Rotation: the value before stays valid for its overlap, the system knows every value in use, and dates are kept."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from terrace.errors import RefusedError, TerraceError, UsageError
from terrace.model.ledger import Entry
from terrace.secrets import ledger, plan
from terrace.secrets.rotate import Done
from terrace.sops import open_
from tests.secrets.shop import CANARIES, DAY, FILE, LEDGER, Shop

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=3)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path).begin()


def entries(shop: Shop) -> dict[str, Entry]:
    return {str(pointer[0]): entry for pointer, entry in ledger.read((shop.root / LEDGER).read_text()).items()}


def test_the_value_before_stays_valid_for_the_overlap(shop: Shop) -> None:
    before = (shop.root / FILE).read_text()
    assert shop.rotate("database", NOW) == Done(renewed=True, until="2026-11-25T09:30:00Z")
    found = shop.values["database"]
    assert found["previous"] == CANARIES["database"]
    assert found["previous_until"] == "2026-11-25T09:30:00Z"
    assert found["current"] not in ("", CANARIES["database"])
    assert shop.accepted["database"] == [found["previous"], found["current"]]
    assert entries(shop)["database"] == Entry(DAY, NOW.date(), "overlap", date(2026, 11, 25))
    # Every other secret keeps its ciphertext.
    after = (shop.root / FILE).read_text()
    kept = [line for line in before.splitlines() if line.startswith(("hash:", "token:", "free:"))]
    assert len(kept) == 3
    assert [line for line in kept if line not in after] == []


def test_the_next_run_after_the_overlap_revokes_it(shop: Shop) -> None:
    shop.rotate("database", NOW)
    current = shop.values["database"]["current"]
    assert shop.overview(LATER.date())["database"].state == "revoke"
    done = shop.rotate_due(LATER)
    assert done["database"] == Done(revoked=True)
    assert shop.values["database"] == {"current": current}
    assert shop.accepted["database"] == [current]
    assert entries(shop)["database"] == Entry(DAY, NOW.date(), revoked=date(2026, 11, 23))
    assert [each["phase"] for each in shop.told if each["path"] == "database"] == ["prepare", "revoke"]


def test_within_the_overlap_nothing_is_renewed_again(shop: Shop) -> None:
    shop.rotate("database", NOW)
    values = shop.values
    done = shop.rotate("database", NOW + timedelta(hours=23))
    assert done.until == "2026-11-25T09:30:00Z"
    assert not done.renewed
    assert "valid until" in done.skipped
    assert shop.values == values


def test_an_overlap_that_is_over_makes_room_for_the_next_value(shop: Shop) -> None:
    shop.rotate("database", NOW)
    first = shop.values["database"]["current"]
    done = shop.rotate("database", NOW + timedelta(hours=24))
    assert (done.renewed, done.revoked) == (True, True)
    assert shop.values["database"]["previous"] == first
    assert shop.accepted["database"] == [first, shop.values["database"]["current"]]


def test_an_overlap_is_ended_at_once_where_somebody_else_knows_the_value(shop: Shop) -> None:
    shop.rotate("database", NOW)
    first = shop.values["database"]["current"]
    assert shop.rotate("database", NOW + timedelta(hours=1), end=True).revoked
    assert CANARIES["database"] not in str(shop.accepted)
    assert shop.values["database"]["previous"] == first


def test_a_login_takes_turns_between_two_users(shop: Shop) -> None:
    shop.rotate("login", NOW)
    found = shop.values["login"]
    assert (found["current"]["user"], found["previous"]["user"]) == ("shop_b", "shop_a")
    assert found["previous"]["password"] == CANARIES["login"]
    shop.rotate("login", NOW + timedelta(days=2))
    again = shop.values["login"]
    assert again["current"]["user"] == "shop_a"
    assert again["previous"] == found["current"]
    assert again["current"]["password"] != CANARIES["login"]


def test_a_field_with_room_for_one_value_is_replaced(shop: Shop) -> None:
    assert shop.rotate("hash", NOW) == Done(renewed=True)
    assert shop.accepted["hash"] == [shop.values["hash"]]
    assert shop.told[-1]["phase"] == "replace"
    assert entries(shop)["hash"] == Entry(DAY, NOW.date(), revoked=DAY)


def test_what_is_due_is_what_policies_say(shop: Shop) -> None:
    planned = plan.due(shop.overview(NOW.date()).values())
    assert {each.standing.path: each.action for each in planned} == {
        "database": "renew",
        "hash": "renew",
        "login": "renew",
        "token": "hand",
    }
    assert "terrace secrets set app token --env production" in planned[-1].why
    assert shop.rotate_due(NOW).keys() == {"database", "hash", "login"}
    assert shop.rotate_due(NOW) == {}


def test_the_hook_is_told_on_standard_input_alone(shop: Shop) -> None:
    shop.rotate("database", NOW)
    told = shop.told[-1]
    assert told["current"] == shop.values["database"]["current"]
    assert told == {
        "version": 1,
        "phase": "prepare",
        "service": "app",
        "environment": "production",
        "tenant": None,
        "path": "database",
        "file": FILE,
        "public": None,
        "current": told["current"],
        "previous": CANARIES["database"],
        "previous_until": "2026-11-25T09:30:00Z",
    }


def test_a_hook_that_fails_leaves_everything_and_shows_no_value(shop: Shop) -> None:
    (shop.system / "broken").touch()
    files = [(shop.root / path).read_bytes() for path in (FILE, LEDGER)]
    with pytest.raises(TerraceError) as error:
        shop.rotate("login", NOW)
    said = error.value.message + error.value.hint
    assert "failed in phase prepare: exit code 1" in said
    assert "cannot take" in said
    assert "********" in said
    assert [(shop.root / path).read_bytes() for path in (FILE, LEDGER)] == files
    (shop.system / "broken").unlink()
    assert shop.rotate("login", NOW).renewed
    assert shop.values["login"]["current"] in shop.accepted["login"]


def test_a_value_that_the_contract_refuses_is_never_told_to_anybody(tmp_path: Path) -> None:
    shop = Shop(tmp_path).begin(overrides="rotation: {app.hash: {generate: {command: {run: [printf, canary-5]}}}}\n")
    schema = shop.root / "schemas/generated/app.schema.json"
    text = schema.read_text()
    assert '"hash": {\n' in text
    schema.write_text(text.replace('"hash": {\n', '"hash": {\n      "minLength": 20,\n'))
    with pytest.raises(RefusedError) as error:
        shop.rotate("hash", NOW)
    assert "canary" not in error.value.message + error.value.hint
    assert shop.told == []


def test_a_secret_that_is_not_there_is_wrong_use(shop: Shop) -> None:
    with pytest.raises(UsageError, match="no secret databse") as error:
        shop.planned("databse", NOW)
    assert "database" in error.value.hint


def test_what_was_entered_for_the_value_inside_is_the_secret_s_entry(shop: Shop) -> None:
    text = (shop.root / LEDGER).read_text()
    (shop.root / LEDGER).write_text(text.replace("database:", "database.current:"))
    shop.rotate("database", NOW)
    assert "database.current" not in (shop.root / LEDGER).read_text()
    assert entries(shop)["database"].created == DAY


def test_every_opening_is_in_the_audit_log(shop: Shop) -> None:
    shop.rotate("database", NOW)
    records = [(each.opening.file, each.opening.command) for each in shop.opener.log.read()]
    assert records == [(FILE, "terrace secrets rotate")]


def terrace(shop: Shop, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "terrace", "-C", str(shop.root), "secrets", *arguments]
    return subprocess.run(command, env=shop.environ(), capture_output=True, text=True, check=False, cwd=shop.folder)


def test_the_command_rotates_what_is_due_and_shows_no_value(shop: Shop) -> None:
    planned = terrace(shop, "rotate", "--due", "--dry-run")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "make a new value: login" in planned.stdout
    assert shop.told == []
    done = terrace(shop, "rotate", "--due")
    assert done.stderr == ""
    assert done.returncode == 1, "a person has to renew the token"
    assert "terrace secrets set app token --env production" in done.stdout
    said = planned.stdout + done.stdout
    for told in shop.told:
        for value in (told["current"], told["previous"]):
            assert str(value) not in said
    assert "canary" not in said
    opened = open_((shop.root / FILE).read_text(), shop.identities)
    assert opened.values["login"]["current"]["user"].reveal() == "shop_b"
    assert [line for line in said.splitlines() if len(line) > 80 and str(shop.system) not in line] == []


@pytest.mark.parametrize("arguments", [[], ["app"], ["app", "hash"], ["app", "hash", "--due", "--env", "production"]])
def test_a_command_that_does_not_say_what_is_wrong_use(shop: Shop, arguments: list[str]) -> None:
    assert terrace(shop, "rotate", *arguments).returncode == 2
