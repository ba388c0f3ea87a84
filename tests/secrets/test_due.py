"""Whoever goes may know what they could read: it is due until it has a new value, and every place says so."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from terrace.secrets import ledger, left
from terrace.secrets.ledger import Entry
from tests.secrets import shop as rotating
from tests.secrets.conftest import Person, Shop

FILE = "environments/production/shop.secrets.yaml"
LEDGER = "environments/production/shop.ledger.yaml"
VALUE = "correct-horse-battery"
TODAY = datetime.now(UTC).date()
PASSWORD = ("database", "password")


def entries(shop: Shop, path: str = LEDGER) -> dict[tuple[str | int, ...], Entry]:
    return ledger.read(shop.text(path))


def states(shop: Shop, *more: str) -> dict[str, str]:
    said = json.loads(shop.run("secrets", "status", "--format", "json", *more).out)
    return {f"{each['file']} {each['path']}": each["state"] for each in said["secrets"]}


def found(shop: Shop, *more: str) -> dict[str, str]:
    """What `validate` finds to be due: the code by its place."""
    said = json.loads(shop.run("validate", "--format", "json", *more).out)["findings"]
    return {f"{each['path']}:{each['line']}": each["code"] for each in said if each["code"] in ("SEC035", "SEC037")}


@pytest.fixture
def without_eve(shop: Shop, eve: Person) -> Shop:
    """Eve could read production, and not staging; then she left."""
    shop.set("database.password", VALUE)
    shop.set("database.pin", "4711")
    shop.set("database.password", VALUE, "staging")
    added = shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production")
    assert added.code == 0, added.err
    removed = shop.run("secrets", "recipients", "remove", "eve")
    assert removed.code == 0, removed.err
    assert "so they are due now" in removed.out
    return shop


def test_what_could_be_read_is_due_and_nothing_else(without_eve: Shop) -> None:
    staging = "environments/staging/shop.secrets.yaml"
    assert states(without_eve) == {
        f"{FILE} database.password": "overdue",
        f"{FILE} database.pin": "overdue",
        f"{staging} database.password": "free",
    }
    assert without_eve.run("secrets", "status").code == 1
    assert entries(without_eve)[PASSWORD] == Entry(TODAY, TODAY, due=TODAY)
    assert "eve" not in without_eve.text(LEDGER)


def test_it_is_found_first_as_a_warning_then_as_an_error(without_eve: Shop) -> None:
    place = next(iter(found(without_eve)))
    assert set(found(without_eve).values()) == {"SEC035"}
    assert place.startswith(f"{LEDGER}:")
    later = date.fromordinal(TODAY.toordinal() + 31)
    assert set(found(without_eve, "--now", str(later)).values()) == {"SEC037"}


def test_a_new_value_ends_it(without_eve: Shop) -> None:
    assert without_eve.run("secrets", "rotate", "--due").code == 1, "no policy says how: a person has to"
    without_eve.set("database.password", f"{VALUE}-new")
    assert states(without_eve)[f"{FILE} database.password"] == "free"
    assert states(without_eve)[f"{FILE} database.pin"] == "overdue"
    assert entries(without_eve)[PASSWORD] == Entry(TODAY, TODAY, revoked=TODAY)
    without_eve.set("database.pin", "4712")
    assert found(without_eve) == {}
    assert without_eve.run("secrets", "status").code == 0


def test_the_same_value_again_does_not(without_eve: Shop) -> None:
    without_eve.set("database.password", VALUE)
    assert states(without_eve)[f"{FILE} database.password"] == "overdue"


def test_a_proposal_ends_it_too_and_stays_ended_when_it_is_folded_in(without_eve: Shop) -> None:
    arguments = ("shop", "database.password", "--env", "production", "--stdin")
    assert without_eve.run("secrets", "propose", *arguments, stdin=f"{VALUE}-new").code == 0
    assert states(without_eve)["".join(key for key in states(without_eve) if "proposed" in key)] == "free"
    assert without_eve.run("secrets", "fold").code == 0
    assert entries(without_eve)[PASSWORD] == Entry(TODAY, TODAY, revoked=TODAY)
    assert states(without_eve)[f"{FILE} database.password"] == "free"


def test_it_is_due_where_no_key_at_hand_opens_the_file(
    shop: Shop, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.set("database.password", VALUE)
    shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production")
    before = shop.text(FILE)
    monkeypatch.delenv("SOPS_AGE_KEY")
    assert shop.run("secrets", "recipients", "remove", "eve").code == 3
    assert shop.text(FILE) == before
    assert states(shop)[f"{FILE} database.password"] == "overdue"


def test_a_secret_without_dates_gets_those_that_are_known(shop: Shop, eve: Person) -> None:
    shop.set("database.password", VALUE)
    (shop.folder / LEDGER).unlink()
    shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production")
    assert not (shop.folder / LEDGER).exists(), "somebody more makes nothing due"
    shop.run("secrets", "recipients", "remove", "eve")
    assert entries(shop) == {PASSWORD: Entry(TODAY, TODAY, due=TODAY)}


def test_a_ledger_that_is_not_understood_is_named_and_stays(shop: Shop, eve: Person) -> None:
    shop.set("database.password", VALUE)
    shop.run("secrets", "recipients", "add", "eve", "--key", eve.recipient, "--env", "production")
    (shop.folder / LEDGER).write_text("database.password: {created: yesterday}\n")
    ran = shop.run("secrets", "recipients", "remove", "eve")
    assert ran.code == 3
    assert f"{FILE} stays as it is: {LEDGER}" in ran.err


def test_a_rotation_renews_what_is_due_and_ends_it(tmp_path: Path) -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    shop = rotating.Shop(tmp_path).begin()
    file = shop.root / rotating.LEDGER
    units = {("database",): Entry(rotating.DAY, rotating.DAY), ("hash",): Entry(rotating.DAY, rotating.DAY)}
    file.write_text(left.due(file.read_text(), units, now.date(), name="the ledger"))
    assert {path for path, each in shop.overview(now.date()).items() if each.is_due} == {"database", "hash"}
    shop.rotate_due(now)
    assert shop.values["database"]["current"] != rotating.CANARIES["database"]
    assert shop.values["hash"] != rotating.CANARIES["hash"]
    known = ledger.read(file.read_text())
    assert known["database",] == Entry(rotating.DAY, now.date(), "overlap", date(2026, 1, 6), revoked=rotating.DAY)
    assert known["hash",] == Entry(rotating.DAY, now.date(), revoked=rotating.DAY)
    assert not any(each.is_due for each in shop.overview(now.date()).values())


def test_a_day_in_the_future_is_a_plan(tmp_path: Path) -> None:
    shop = rotating.Shop(tmp_path).begin()
    file = shop.root / rotating.LEDGER
    dates = "{created: 2026-01-01, rotated: 2026-01-01, due: 2026-01-20}"
    file.write_text(
        file.read_text().replace("free: {created: 2026-01-01, rotated: 2026-01-01, phase: current}", f"free: {dates}")
    )
    assert [shop.overview(date(2026, 1, day))["free"].state for day in (2, 7, 19, 20)] == [
        "fine",
        "soon",
        "soon",
        "overdue",
    ]
