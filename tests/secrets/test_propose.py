"""Write without read: a proposal needs no key, takes effect at once, and is folded in by somebody who has one."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from terrace.sops import create
from tests.secrets.conftest import Person, Shop

FOLDER = "environments/production"
PATH, LEDGER = f"{FOLDER}/shop.secrets.yaml", f"{FOLDER}/shop.ledger.yaml"
RIVER, LAKE = "river-of-january", "lake-of-february"


def propose(shop: Shop, path: str, value: str, *more: str) -> str:
    """The path of a proposal that was made without any key."""
    key = os.environ.pop("SOPS_AGE_KEY")
    try:
        ran = shop.run("secrets", "propose", "shop", path, "--env", "production", "--stdin", *more, stdin=value)
    finally:
        os.environ["SOPS_AGE_KEY"] = key
    assert ran.code == 0, ran.err
    assert value not in ran.out
    return ran.out.split()[1].rstrip(":")


def proposals(shop: Shop) -> list[str]:
    return sorted(path.name for path in shop.folder.rglob("*.proposed-*"))


def test_a_proposal_needs_no_key_and_takes_effect_at_once(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    before = shop.text(PATH)
    openings = len(shop.log().splitlines())
    path = propose(shop, "database.password", LAKE)
    assert path.startswith(f"{FOLDER}/shop.proposed-database-password-")
    assert len(shop.log().splitlines()) == openings
    assert shop.text(PATH) == before
    assert shop.get("database.password") == LAKE


def test_folding_moves_values_and_dates_and_removes_the_proposals(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    shop.set("mail.token", "tok_one")
    propose(shop, "database.password", LAKE)
    propose(shop, "database.pin", "4711")
    ran = shop.run("secrets", "fold", "--env", "production", "--reason", "weekly")
    assert ran.code == 0, ran.err
    assert proposals(shop) == []
    values = [shop.get(path) for path in ("database.password", "database.pin", "mail.token")]
    assert values == [LAKE, "4711", "tok_one"]
    assert "database.pin" in shop.text(LEDGER)
    assert LAKE not in ran.out + shop.log()
    assert json.loads(shop.log().splitlines()[openings_of_fold(shop)])["reason"] == "weekly"
    assert shop.run("secrets", "fold").out == "No proposals wait.\n"


def openings_of_fold(shop: Shop) -> int:
    """The line of the first opening that folding made."""
    lines = [json.loads(line)["command"] for line in shop.log().splitlines()]
    return lines.index("terrace secrets fold")


def test_dates_of_a_folded_secret_are_those_of_its_proposal(shop: Shop) -> None:
    shop.set("database.password", RIVER)
    ledger = shop.folder / LEDGER
    ledger.write_text("database.password: {created: 2026-01-07, rotated: 2026-01-07, phase: current}\n")
    path = shop.folder / propose(shop, "database.password", LAKE).replace(".secrets.", ".ledger.")
    assert 'created: "2026-01-07"' in path.read_text()
    path.write_text("database.password: {created: 2026-01-07, rotated: 2026-02-03, phase: current}\n")
    shop.run("secrets", "fold")
    assert ledger.read_text() == 'database.password: {created: 2026-01-07, rotated: "2026-02-03", phase: current}\n'


def test_the_first_secret_of_all_can_be_proposed(shop: Shop) -> None:
    propose(shop, "database.password", LAKE)
    assert not (shop.folder / PATH).exists()
    assert shop.run("secrets", "fold").code == 0
    assert shop.get("database.password") == LAKE


def test_a_tenant_s_proposal_is_folded_into_the_tenant_s_file(shop: Shop) -> None:
    path = propose(shop, "database.password", LAKE, "--tenant", "acme")
    assert path.startswith("tenants/acme/production/")
    assert shop.run("secrets", "fold", "--env", "staging").out == "No proposals wait.\n"
    assert shop.run("secrets", "fold", "--env", "production").code == 0
    assert shop.get("database.password", "production", "--tenant", "acme") == LAKE
    assert proposals(shop) == []


def two_branches(shop: Shop) -> list[str]:
    """The paths of two proposals of one secret, as two people make them who do not know of each other."""
    first = propose(shop, "database.password", RIVER)
    beside = {path: path.read_bytes() for path in (shop.folder / FOLDER).glob("*.proposed-*")}
    second = propose(shop, "database.password", LAKE)
    for path, data in beside.items():
        path.write_bytes(data)
    return sorted([first, second])


def test_a_secret_proposed_again_has_the_newer_value(shop: Shop) -> None:
    propose(shop, "database.pin", "4711")
    for number in range(6):
        path = propose(shop, "database.password", f"{RIVER}-{number}")
        assert shop.get("database.password") == f"{RIVER}-{number}"
    assert [name for name in proposals(shop) if "password" in name] == [
        path.rsplit("/", 1)[-1].replace(".secrets.", ".ledger."),
        path.rsplit("/", 1)[-1],
    ]
    assert shop.get("database.pin") == "4711"


def test_the_last_of_two_proposals_wins_and_validation_warns(shop: Shop) -> None:
    shop.set("database.password", RIVER, "staging")
    paths = two_branches(shop)
    effective = shop.get("database.password")
    ran = shop.run("validate")
    assert "SEC032" in ran.out
    assert paths[1] in ran.out
    assert shop.run("secrets", "fold").code == 0
    assert shop.get("database.password") == effective


def test_set_does_not_write_below_a_proposal(shop: Shop) -> None:
    propose(shop, "database.password", LAKE)
    ran = shop.run("secrets", "set", "shop", "database.password", "--env", "production", "--stdin", stdin=RIVER)
    assert ran.code == 1
    assert "secrets fold" in ran.err


def test_a_proposal_that_breaks_the_contract_is_refused(shop: Shop) -> None:
    ran = shop.run("secrets", "propose", "shop", "database.password", "--env", "production", "--stdin", stdin="kurz")
    assert (ran.code, proposals(shop)) == (1, [])
    assert "kurz" not in ran.err


def test_one_that_was_made_by_hand_and_breaks_the_contract_is_not_folded(shop: Shop, ada: Person) -> None:
    from datetime import UTC, datetime

    shop.set("database.password", RIVER)
    path = shop.folder / FOLDER / "shop.proposed-x-1.secrets.yaml"
    path.write_text(create({"database": {"password": "kurz"}}, [ada.recipient], now=datetime.now(UTC)))
    ran = shop.run("secrets", "fold")
    assert ran.code == 1
    assert "at least 12 characters" in ran.err
    assert "kurz" not in ran.err + ran.out
    assert path.exists()


def test_without_a_key_nothing_is_folded(shop: Shop, eve: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    propose(shop, "database.password", LAKE)
    monkeypatch.setenv("SOPS_AGE_KEY", eve.text)
    assert shop.run("secrets", "fold").code == 3
    assert len(proposals(shop)) == 2


DYING = """
import os, signal, sys
from terrace import cli
left = int(sys.argv[1])
def on_event(event, arguments):
    global left
    if event in ("os.rename", "os.remove") and "/environments/" in str(arguments[0]):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(on_event)
sys.exit(cli.run(sys.argv[2:]))
"""


@pytest.mark.kill
@pytest.mark.parametrize("dies_at", range(1, 7))
def test_folding_that_was_killed_is_run_again_and_ends_right(shop: Shop, dies_at: int) -> None:
    shop.set("database.password", RIVER)
    propose(shop, "database.password", LAKE)
    propose(shop, "database.pin", "4711")
    argv = [sys.executable, "-c", DYING, str(dies_at), "-C", str(shop.folder), "secrets", "fold"]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert shop.get("database.password") == LAKE, "at no moment is the value lost"
    assert shop.run("secrets", "fold").code == 0
    assert [shop.get("database.password"), shop.get("database.pin")] == [LAKE, "4711"]
    left = sorted(path.name for path in (shop.folder / FOLDER).iterdir())
    assert left == ["environment.yaml", "shop.ledger.yaml", "shop.secrets.yaml"]


def test_folders_that_are_no_place_for_secrets_are_left_alone(shop: Shop) -> None:
    stray = Path("tenants/acme/shop.proposed-x-1.secrets.yaml")
    (shop.folder / stray).write_text("database:\n  password: x\n")
    assert shop.run("secrets", "fold").out == "No proposals wait.\n"


def test_a_disk_without_room_is_left_as_it_was(shop: Shop) -> None:
    before = sorted(shop.folder.rglob("*"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        ran = shop.run("secrets", "propose", "shop", "database.password", "--env", "production", "--stdin", stdin=RIVER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert ran.code == 3
    assert "cannot write environments/production/shop.proposed-" in ran.err
    assert sorted(shop.folder.rglob("*")) == before
