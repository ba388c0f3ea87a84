"""A destination with releases of the kitchen, secrets in them, and the variables of a process that reads it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
import pytest
from pydantic import BaseModel

from terrace.bundle import BundleWriter, Facts
from terrace.deploy.directory import DirectoryDestination
from terrace.model.layers import leaves
from terrace.model.source import json_pointer
from terrace.runtime import Handle, watch
from terrace.sops import create
from tests.runtime.kitchen import Kitchen

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HOST = "orders.db.svc.cluster.local"
PASSWORD = "correct-horse-4417"
FILE = "environments/production/kitchen.secrets.yaml"
Values = Mapping[str, Any]


class World:
    """A destination, and what a process of the kitchen in production has in its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "live"
        self.service = self.root / "kitchen"
        self.audit = folder / "audit"
        key = pyrage.x25519.Identity.generate()
        self.recipient = str(key.to_public())
        keys = folder / "keys.txt"
        keys.write_text(str(key))
        self.environ = {
            "TERRACE_SOURCE": str(self.root),
            "TERRACE_SERVICE": "kitchen",
            "TERRACE_ENV": "production",
            "TERRACE_AUDIT_LOG": str(self.audit),
            "SOPS_AGE_KEY_FILE": str(keys),
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
        }
        self._number = 0

    def seal(
        self,
        database: Values | None = None,
        tenants: Mapping[str, Values | None] | None = None,
        *,
        secrets: Values | None = None,
        tenant_secrets: Mapping[str, Values] | None = None,
        model: type[BaseModel] = Kitchen,
        facts: Facts | None = None,
        environment: str = "production",
        **more: Any,
    ) -> Path:
        """A bundle in a new folder. `database` and `more` change the values of a right one; `tenants`: what differs."""
        self._number += 1
        folder = self.folder / f"bundle-{self._number}"
        values = {"database": {"host": HOST, "port": 5432, "pool_min": 1, "pool_max": 10, **(database or {})}, **more}
        writer = BundleWriter(
            folder,
            environment=environment,
            service="kitchen",
            tenancy="pooled",
            schema=model.model_json_schema(),
            facts=facts or Facts("production", protected=True),
        )
        sealed = [(FILE, self.encrypted(secrets if secrets is not None else {"database": {"password": PASSWORD}}))]
        writer.add(None, values, sealed, origins=origins(values, "environments/production/kitchen.yaml"))
        for tenant, own in (tenants or {}).items():
            merged = None if own is None else {**values, "database": {**values["database"], **own}}
            extra = (tenant_secrets or {}).get(tenant)
            path = f"tenants/{tenant}/production/kitchen.secrets.yaml"
            writer.add(
                tenant, merged, [*sealed, *([(path, self.encrypted(extra))] if extra else [])],
                origins=origins({"database": own}, f"tenants/{tenant}/kitchen.yaml") if own else None,
            )  # fmt: skip
        writer.seal({"commit": f"{self._number:040x}", "time": "2026-11-24T09:30:00Z"})
        return folder

    def encrypted(self, values: Values) -> bytes:
        """A secrets file that this world's key opens."""
        return create(dict(values), [self.recipient], now=NOW).encode()

    def deploy(self, *args: Any, **more: Any) -> str:
        """Deploy a bundle (see `seal`); its digest."""
        release = DirectoryDestination(self.root).deploy([self.seal(*args, **more)], now=NOW, actor="ci").release
        return release.bundles[0].digest

    def watch(self, model: type[BaseModel] = Kitchen, *, follow: bool = False, **more: Any) -> Handle[Any]:
        """A handle; closed when the test ends."""
        return watch(model, environ={**self.environ, **more.pop("environ", {})}, follow=follow, **more)


def origins(values: Values, path: str) -> dict[str, str]:
    return {json_pointer(pointer): f"{path}:{line}:3" for line, (pointer, _) in enumerate(leaves(values), 2)}


@pytest.fixture
def world() -> Iterator[World]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield World(Path(folder))


@pytest.fixture
def following(world: World) -> Iterator[Callable[..., Handle[Any]]]:
    """Starts handles that follow, and closes them."""
    handles: list[Handle[Any]] = []

    def start(**more: Any) -> Handle[Any]:
        handles.append(world.watch(follow=True, **more))
        return handles[-1]

    yield start
    for handle in handles:
        handle.close()
