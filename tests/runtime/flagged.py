"""A destination with flags of an environment, released as they come."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terrace.bundle import BundleWriter, Facts
from terrace.deploy.directory import DirectoryDestination
from terrace.model.flag import STREAM

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TENANTS = {"if": [{"in": [{"var": "tenant"}, ["acme", "globex"]]}, "on", None]}
COMMIT = "c" * 40


def flag(default: str | None = "off", **more: Any) -> dict[str, Any]:
    """A boolean flag as flagd has it."""
    return {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": default, **more}


def valued(value: Any, **more: Any) -> dict[str, Any]:
    """A flag that has one value."""
    return {"state": "ENABLED", "variants": {"it": value}, "defaultVariant": "it", **more}


KITCHEN: dict[str, Any] = {
    "menu-allergens": flag("on"),
    "for-some": flag(targeting=TENANTS),
    "greeting": valued("Guten Tag"),
    "limit": valued(10),
    "ratio": {"state": "ENABLED", "variants": {"whole": 10.0, "half": 0.5}, "defaultVariant": "whole"},
    "theme": valued({"colours": ["red"], "dark": True}),
    "killed": flag("on", state="DISABLED"),
    "theirs": flag(None),
}


class Flagged:
    """A destination to which flags are released."""

    def __init__(self, folder: Path, environment: str = "production") -> None:
        self.folder = folder
        self.environment = environment
        self.root = folder / "live"
        self.environ = {
            "TERRACE_SOURCE": str(self.root),
            "TERRACE_ENV": environment,
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
        }
        self._number = 0

    def seal(self, flags: Mapping[str, Any] | None = None, *, metadata: Mapping[str, Any] | None = None) -> Path:
        """A bundle of flags in a new folder."""
        self._number += 1
        folder = self.folder / f"flags-{self._number}"
        writer = BundleWriter(
            folder, environment=self.environment, service=STREAM, tenancy="none", schema={"type": "object"},
            facts=Facts("production", protected=True),
        )  # fmt: skip
        said = metadata or {"flagSetId": self.environment, "fractional": "v3"}
        writer.add(None, {"flags": dict(KITCHEN if flags is None else flags), "metadata": dict(said)})
        writer.seal({"commit": COMMIT, "time": "2026-11-24T09:30:00Z"})
        return folder

    def release(self, flags: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Release flags; the digest of their bundle."""
        bundle = self.seal(flags, **more)
        done = DirectoryDestination(self.root).deploy([bundle], now=NOW, actor="ci")
        return done.release.bundles[0].digest
