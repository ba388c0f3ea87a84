"""New data keys: every value, nonce, recipient and age stays; what the key before opened, it opens no longer."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from terrace import cli
from terrace.secrets.history import nonces
from terrace.sops import inspect, open_
from tests.secrets.shop import FILE, LEDGER, Shop
from tests.sops.program import VERSIONS, Sops


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(tmp_path).begin()
    for name, value in shop.environ().items():
        monkeypatch.setenv(name, value)
    return shop


def run(shop: Shop, *arguments: str) -> int:
    return cli.run(["-C", str(shop.root), "secrets", "rotate", "--data-keys", *arguments])


def test_everything_but_the_key_stays(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    before, ledger, values = (shop.root / FILE).read_text(), (shop.root / LEDGER).read_bytes(), shop.values
    old = open_(before, shop.identities)
    assert run(shop) == 0
    assert capsys.readouterr().out == "1 file under a new data key\n"
    after = (shop.root / FILE).read_text()
    new = open_(after, shop.identities)
    assert new._data_key != old._data_key
    assert shop.values == values
    assert nonces(after) == nonces(before)
    assert [each.recipient for each in inspect(after).recipients] == [
        each.recipient for each in inspect(before).recipients
    ]
    assert (shop.root / LEDGER).read_bytes() == ledger
    assert not [line for line in before.splitlines() if "ENC[" in line and line in after]


def test_ages_from_git_stay_too(shop: Shop) -> None:
    (shop.root / LEDGER).unlink()
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b"}
    for day in ("2026-01-01", "2026-02-01"):
        when = {"GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
        for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", day]):
            subprocess.run(["git", "-C", str(shop.root), *command], env={**os.environ, **who, **when}, check=True)
        assert run(shop) == 0
    found = shop.overview(date(2026, 2, 1))
    assert {each.rotated for each in found.values()} == {date(2026, 1, 1)}


def test_who_has_no_key_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = (shop.root / FILE).read_bytes()
    monkeypatch.setenv("SOPS_AGE_KEY", Shop(tmp_path / "other").private)
    assert run(shop) == 3
    assert (shop.root / FILE).read_bytes() == before


def test_a_dry_run_names_the_files(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    before = (shop.root / FILE).read_bytes()
    assert run(shop, "app", "--env", "production", "--dry-run") == 0
    assert capsys.readouterr().out == f"would give {FILE} a new data key\n"
    assert (shop.root / FILE).read_bytes() == before


@pytest.mark.parametrize("arguments", [["--due"], ["app", "hash"], ["nothing"], ["--end-overlap"]])
def test_what_makes_no_sense_is_wrong_use(shop: Shop, arguments: list[str]) -> None:
    assert run(shop, *arguments) == 2


@pytest.mark.real
@pytest.mark.parametrize("version", VERSIONS)
def test_the_real_sops_opens_what_was_rotated(shop: Shop, version: str, tmp_path: Path) -> None:
    shop.rotate("login", datetime(2026, 11, 24, tzinfo=UTC))
    assert run(shop) == 0
    text = (shop.root / FILE).read_text()
    assert json.loads(Sops(version, tmp_path, shop.private).decrypt(text, to="json")) == shop.values
