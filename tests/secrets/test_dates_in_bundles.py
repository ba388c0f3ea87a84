"""A bundle says when each of its secrets was set: those of the environment, and those of a tenant."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from terrace.bundle import open_bundle
from terrace.bundle.dates import SecretDates
from tests.secrets.conftest import Shop

ENVIRONMENT = "environments/staging/shop.secrets.yaml"
TENANT = "tenants/acme/staging/shop.secrets.yaml"


def test_days_of_every_layer_stand_in_the_bundle_and_change_no_digest(shop: Shop, tmp_path: Path) -> None:
    today = SecretDates(datetime.now(UTC).date())
    shop.set("database.password", "correct-horse-battery", "staging")
    shop.set("database.password", "another-horse-battery", "staging", "--tenant", "acme")
    assert shop.run("build", "--env", "staging", "-o", str(tmp_path / "one")).code == 0
    bundle = open_bundle(tmp_path / "one/staging/shop")
    assert bundle.dates == {ENVIRONMENT: {"database.password": today}, TENANT: {"database.password": today}}
    for layer in (ENVIRONMENT, TENANT):
        (shop.folder / layer.replace(".secrets.", ".ledger.")).unlink()
    assert shop.run("build", "--env", "staging", "-o", str(tmp_path / "two")).code == 0
    other = open_bundle(tmp_path / "two/staging/shop")
    assert (other.dates, other.ref) == ({}, bundle.ref)
