"""From a rotation to a rollback: days of ledgers travel in bundles, and what was revoked does not come back."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terrace import cli
from terrace.bundle import open_bundle
from tests.secrets.conftest import RECOVERY
from tests.secrets.shop import FILE, Shop

BACK = ("rollback", "--env", "production", "--reason", "orders fail")
SAID = "recipients: [ada]\ndestinations:\n  - directory: run/production\n"
NOW = datetime.now(UTC)
BEGUN = NOW.date() - timedelta(days=10)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A repository that may be deployed: a register, and files encrypted for whom it names."""
    made = Shop(tmp_path).begin(rotated=BEGUN, overrides=SAID)
    for name, value in made.environ().items():
        monkeypatch.setenv(name, value)
    about = {"owner": "ada", "since": "2026-01-02", "reviewed": str(BEGUN)}
    ada = {"kind": "person", "key": made.recipient, "environments": ["production"], **about}
    register = {"ada": ada, "recovery": {"kind": "recovery", "key": RECOVERY, **about}}
    (made.root / "recipients.yaml").write_text(json.dumps({"recipients": register}))
    assert run(made, "secrets", "recipients", "sync") == 0
    return made


def run(shop: Shop, *argv: str) -> int:
    return cli.run(["-C", str(shop.root), *argv])


def deployed(shop: Shop) -> bytes:
    return open_bundle(shop.root / "run/production/app").secrets()[0].data


def test_a_rotated_secret_does_not_come_back_unless_told(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shop, "deploy", "--env", "production") == 0
    first = deployed(shop)
    shop.rotate("hash", NOW)
    assert run(shop, "deploy", "--env", "production") == 0
    second = deployed(shop)
    for gone in (".git", "schemas", FILE):
        path = shop.root / gone
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    capsys.readouterr()
    assert run(shop, *BACK, "--with", "secrets") == 1
    said = capsys.readouterr().err
    assert f"secrets that were revoked since: hash (of {BEGUN}, replaced {NOW.date()})" in said
    assert "--allow-revoked" in said
    assert deployed(shop) == second
    assert run(shop, *BACK, "--allow-revoked") == 2
    assert run(shop, *BACK, "--with", "secrets", "--allow-revoked") == 0
    assert "revoked values are back" in capsys.readouterr().out
    assert deployed(shop) == first


def test_within_its_overlap_a_value_may_come_back_and_after_it_not(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shop, "deploy", "--env", "production") == 0
    shop.rotate("database", NOW)
    assert run(shop, "deploy", "--env", "production") == 0
    assert run(shop, *BACK, "--with", "secrets") == 0
    assert (
        f"changed since the restored release: database (of {BEGUN}, replaced {NOW.date()})" in capsys.readouterr().out
    )
    assert run(shop, "hold", "--env", "production", "--lift", "app-3", "--reason", "test") == 0
    shop.revoke("database", NOW + timedelta(days=2))
    assert run(shop, "deploy", "--env", "production") == 0
    assert run(shop, *BACK, "--with", "secrets") == 1
    assert "revoked since: database" in capsys.readouterr().err
