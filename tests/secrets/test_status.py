"""`terrace secrets status`: ages, due dates, phases and readers, for people at 80 columns and for programs."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from terrace import cli
from terrace.secrets.standing import STATES
from terrace.sops import create, open_
from tests.secrets.shop import FILE, LEDGER, Shop

TODAY = date(2026, 4, 1)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path).begin(rotated=date(2026, 1, 1))


def commit(shop: Shop, day: str) -> None:
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b"}
    environ = {**os.environ, **who, "GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", day]):
        subprocess.run(["git", "-C", str(shop.root), *command], env=environ, check=True)


def status(shop: Shop, capsys: pytest.CaptureFixture[str], *arguments: str, today: date = TODAY) -> tuple[int, str]:
    code = cli.run(["-C", str(shop.root), "secrets", "status", "--now", str(today), *arguments])
    return code, capsys.readouterr().out


def states(shop: Shop, today: date) -> dict[str, str]:
    return {path: each.state for path, each in shop.overview(today).items()}


def test_it_reads_well_at_80_columns(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.rotate("hash", datetime(2026, 3, 20, tzinfo=UTC))
    code, text = status(shop, capsys)
    reader = f"{shop.recipient[:12]}"
    assert [line for line in text.splitlines() if reader not in line] == [
        "  secret     age  due                       owner",
        "",
        FILE,
        "  database  90 d  2026-04-01, in 0 d        data",
        "  free      90 d  -                         shop",
        "  hash      12 d  2026-04-19                shop",
        "  login     90 d  2026-04-01, in 0 d        shop",
        "  token     90 d  2026-01-31, 60 d overdue  shop",
        "",
        "5 secrets: 1 overdue, 2 due soon, 1 fine, 1 without a policy.",
    ]
    assert code == 1


def test_what_is_due_since_somebody_left_is_said_in_one_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = shop.root / LEDGER
    said = {f"{name}: {{": f"{name}: {{due: {TODAY}, " for name in ("free", "hash")}
    for before, after in said.items():
        ledger.write_text(ledger.read_text().replace(before, after))
    text = status(shop, capsys)[1].splitlines()
    assert "  free      90 d  2026-04-01, now           shop" in text
    assert "  ! due, for somebody may know it who must not: free, hash" in text
    assert text[-1] == "5 secrets: 3 overdue, 2 due soon."
    assert json.loads(status(shop, capsys, "--format", "json")[1])["secrets"][1]["due_said"] == str(TODAY)


def test_a_file_that_was_encrypted_anew_is_one_quiet_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    commit(shop, "2026-01-01")
    file = shop.root / FILE
    values = open_(file.read_text(), shop.identities).values
    file.write_text(create(values, [shop.recipient], now=datetime(2026, 2, 1, tzinfo=UTC)))
    (shop.root / LEDGER).unlink()
    commit(shop, "2026-02-01")
    text = status(shop, capsys)[1]
    assert [line for line in text.splitlines() if "anew" in line] == [
        "  ? encrypted anew as a whole, so Git cannot tell the age: all"
    ]
    assert "not confirm" not in text
    said = json.loads(status(shop, capsys, "--format", "json")[1])["secrets"]
    assert {each["disagreement"] for each in said} == {"re-encrypted: its age is unknown"}


def test_a_phase_is_shown_where_one_is(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.rotate("database", datetime(2026, 4, 1, tzinfo=UTC))
    text = status(shop, capsys)[1].splitlines()
    assert text[0] == "  secret     age  due                       phase             owner"
    assert "  database   0 d  2026-06-30                overlap to 04-02  data" in text
    assert "  token     90 d  2026-01-31, 60 d overdue  current           shop" in text


def test_nothing_overdue_is_exit_code_0(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(shop, capsys, today=date(2026, 1, 31))[0] == 0
    assert status(shop, capsys, today=date(2026, 2, 1))[0] == 1


def test_programs_get_every_secret_with_its_state(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = status(shop, capsys, "--format", "json")
    said: dict[str, Any] = json.loads(text)
    assert code == 1
    assert said["version"] == 1
    assert said["counts"] == {**dict.fromkeys(STATES, 0), "overdue": 2, "soon": 2, "free": 1}
    token = next(each for each in said["secrets"] if each["path"] == "token")
    assert token | {"readers": []} == {
        "service": "app",
        "environment": "production",
        "tenant": None,
        "file": FILE,
        "path": "token",
        "state": "overdue",
        "created": "2026-01-01",
        "rotated": "2026-01-01",
        "source": "ledger",
        "age_days": 90,
        "due": "2026-01-31",
        "phase": "current",
        "previous_until": None,
        "due_said": None,
        "revoked": None,
        "owner": "shop",
        "readers": [],
        "disagreement": None,
    }
    assert len(token["readers"]) == 1


def test_a_rotation_goes_through_its_phases(shop: Shop) -> None:
    now = datetime(2026, 4, 1, 12, tzinfo=UTC)
    shop.rotate("database", now)
    found = shop.overview(now.date())["database"]
    assert (found.phase, found.state, str(found.previous_until)) == ("overlap", "fine", "2026-04-02")
    assert states(shop, date(2026, 4, 2))["database"] == "fine"
    assert states(shop, date(2026, 4, 3))["database"] == "revoke"


def test_without_a_ledger_git_knows_the_age(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.root / LEDGER).unlink()
    assert states(shop, TODAY)["token"] == "unknown"
    commit(shop, "2026-03-20")
    found = shop.overview(TODAY)["token"]
    assert (found.source, found.rotated, found.state) == ("git", date(2026, 3, 20), "fine")
    text = status(shop, capsys)[1]
    assert "12 d*" in text
    assert "* known from Git alone" in text


def test_a_ledger_that_git_does_not_confirm_is_said_and_fails(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    commit(shop, "2026-01-01")
    ledger = shop.root / LEDGER
    ledger.write_text(ledger.read_text().replace("rotated: 2026-01-01", "rotated: 2026-03-25"))
    code, text = status(shop, capsys)
    assert code == 1
    assert "! token did not change in Git since 2026-01-01" in text
    assert text.count("(SEC033)") == 5
    assert "5 ages that Git does not confirm" in text


def test_it_is_a_finding_where_git_is_asked(
    shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # Verdicts on files that are this young would not be kept.
    monkeypatch.setattr("terrace.validate.verdicts._RACY_NS", -(10**15))

    def found(*arguments: str) -> list[tuple[str, str, int, int, str]]:
        code = cli.run(["-C", str(shop.root), "validate", "--now", "2026-01-20", "--format", "json", *arguments])
        every = json.loads(capsys.readouterr().out)["findings"]
        mine = [each for each in every if each["code"] == "SEC033"]
        assert code == 1 or not mine
        return [(each["code"], each["path"], each["line"], each["column"], each["message"]) for each in mine]

    commit(shop, "2026-01-01")
    assert found("--history") == []
    ledger = shop.root / LEDGER
    lines = ledger.read_text().splitlines(keepends=True)
    lines[4] = "free: {created: 2026-01-01, rotated: 2026-01-18, phase: current}\n"
    ledger.write_text("".join(lines))
    ((code, path, line, column, message),) = found("--history")
    assert (code, path, line, column) == ("SEC033", LEDGER, 5, lines[4].index("2026-01-18") + 1)
    assert message.startswith("free did not change in Git since 2026-01-01 (")
    assert found() == [], "a plain run does not ask, and keeps no verdict of one that did"
    ledger.write_text(ledger.read_text().replace("2026-01-18", "2026-01-01"))
    assert found("--history") == [], "nor does one that asks take a verdict of one that did not"


def test_history_of_a_revision_is_not_asked(shop: Shop) -> None:
    commit(shop, "2026-01-01")
    assert cli.run(["-C", str(shop.root), "validate", "--history", "--at", "HEAD"]) == 2


def test_history_outside_of_git_says_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["-C", str(shop.root), "validate", "--history", "--now", "2026-01-20", "--format", "json"])
    assert "SEC033" not in capsys.readouterr().out


def test_a_value_that_was_changed_behind_the_ledger_s_back(shop: Shop) -> None:
    commit(shop, "2026-01-01")
    kept = (shop.root / LEDGER).read_text()
    shop.rotate("hash", datetime(2026, 3, 20, tzinfo=UTC))
    (shop.root / LEDGER).write_text(kept)
    commit(shop, "2026-03-20")
    found = {path: each.disagreement for path, each in shop.overview(TODAY).items() if each.disagreement}
    assert found.keys() == {"hash"}
    assert "was last changed on 2026-03-20" in found["hash"]


def test_an_environment_s_policy_counts(tmp_path: Path) -> None:
    shop = Shop(tmp_path).begin(overrides="rotation: {app.free: {max_age: 2w}, app.token: {max_age: 30w}}\n")
    found = states(shop, date(2026, 3, 1))
    assert (found["free"], found["token"]) == ("overdue", "fine")


@pytest.mark.parametrize(("age", "state"), [(70, "fine"), (76, "soon"), (90, "soon"), (91, "overdue")])
def test_due_soon_is_the_last_two_weeks(shop: Shop, age: int, state: str) -> None:
    assert states(shop, date(2026, 1, 1) + timedelta(days=age))["database"] == state
