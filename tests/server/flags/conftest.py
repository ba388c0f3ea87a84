"""A shop with flags, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from terrace.bundle import BundleWriter, Facts
from terrace.model.flag import STREAM
from tests.server.conftest import NOW, Shop

KINDS = ("development", "test", "staging", "production")
TENANTS = {"if": [{"in": [{"var": "tenant"}, ["acme", "globex"]]}, "on", None]}


def flag(**more: Any) -> dict[str, Any]:
    """A flag that is off."""
    return {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **more}


def definition(environment: str = "production", **flags: Mapping[str, Any]) -> dict[str, Any]:
    """A definition as it is sealed."""
    return {"flags": flags, "metadata": {"flagSetId": environment, "fractional": "v3"}}


class FlagShop:
    """Releases flags in a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._number = 0

    def release(self, environment: str = "production", **flags: Mapping[str, Any]) -> str:
        """Deploy flags; the digest of the bundle."""
        return self.release_all(definition(environment, **flags), environment)

    def release_all(self, values: Mapping[str, Any], environment: str = "production", *, commit: str = "") -> str:
        """Deploy a definition."""
        self._number += 1
        commit = commit or f"{self._number:040x}"
        sealed = seal(self.shop.folder / f"flags-{self._number}", values, environment, commit)
        destination = self.shop.destination(environment)
        return destination.deploy([sealed], now=NOW, actor="ci").release.bundles[0].digest


def seal(folder: Path, values: Mapping[str, Any], environment: str, commit: str) -> Path:
    """A bundle of flags."""
    writer = BundleWriter(
        folder,
        environment=environment,
        service=STREAM,
        tenancy="none",
        schema={},
        facts=Facts(environment if environment in KINDS else "production", protected=environment == "production"),
    )
    writer.add(None, values)
    writer.seal({"commit": commit, "time": "2026-11-24T09:30:00Z"})
    return folder


@pytest.fixture
def flags(shop: Shop) -> FlagShop:
    return FlagShop(shop)
