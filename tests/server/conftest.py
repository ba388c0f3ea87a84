"""Destinations of two environments with releases of the kitchen in them, and what is served of them."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
import pytest

from terrace.bundle import BundleWriter, Facts
from terrace.deploy.directory import DirectoryDestination
from terrace.model.layers import leaves
from terrace.model.source import json_pointer
from terrace.server import tokens
from terrace.server.access import Access
from terrace.server.app import Server, Settings
from terrace.server.shelf import Shelf
from terrace.sops import create
from tests.runtime.kitchen import Kitchen

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PASSWORD = "correct-horse-4417"
ACME_TOKEN = "acme-only-9921"
FILE = "environments/production/kitchen.secrets.yaml"
Values = Mapping[str, Any]


class Shop:
    """A folder of destinations, and a key that opens the secrets in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "live"
        self.root.mkdir()
        key = pyrage.x25519.Identity.generate()
        self.recipient = str(key.to_public())
        keys = folder / "keys.txt"
        keys.write_text(str(key))
        self.environ = {
            "TERRACE_AUDIT_LOG": str(folder / "audit"),
            "SOPS_AGE_KEY_FILE": str(keys),
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
        }
        self._number = 0
        self._sealed: dict[str, bytes] = {}

    def seal(
        self,
        database: Values | None = None,
        tenants: Mapping[str, Values | None] | None = None,
        *,
        environment: str = "production",
        service: str = "kitchen",
        tenant_secrets: Mapping[str, Values] | None = None,
        references: tuple[str, ...] = (),
        **more: Any,
    ) -> Path:
        """A bundle in a new folder. `database` and `more` change its values; `tenants` says what differs for each."""
        self._number += 1
        folder = self.folder / f"bundle-{self._number}"
        host = f"orders.{environment}.svc.cluster.local"
        values = {"database": {"host": host, "port": 5432, "pool_min": 1, "pool_max": 10, **(database or {})}, **more}
        writer = BundleWriter(
            folder, environment=environment, service=service, tenancy="pooled", schema=Kitchen.model_json_schema(),
            facts=Facts(environment, protected=environment == "production", references=references),
        )  # fmt: skip
        sealed = [(FILE, self.encrypted({"database": {"password": PASSWORD}}))]
        writer.add(None, values, sealed, origins=origins(values, f"environments/{environment}/kitchen.yaml"))
        for tenant, own in (tenants or {}).items():
            merged = None if own is None else {**values, "database": {**values["database"], **own}}
            extra = (tenant_secrets or {}).get(tenant)
            path = f"tenants/{tenant}/{environment}/kitchen.secrets.yaml"
            writer.add(
                tenant, merged, [*sealed, *([(path, self.encrypted(extra))] if extra else [])],
                origins=origins({"database": own}, f"tenants/{tenant}/kitchen.yaml") if own else None,
            )  # fmt: skip
        writer.seal({"commit": f"{self._number:040x}", "time": "2026-11-24T09:30:00Z"})
        return folder

    def encrypted(self, values: Values) -> bytes:
        """A secrets file that this shop's key opens; the same values give the same bytes."""
        name = json.dumps(values, sort_keys=True)
        if name not in self._sealed:
            self._sealed[name] = create(dict(values), [self.recipient], now=NOW).encode()
        return self._sealed[name]

    def destination(self, environment: str = "production") -> DirectoryDestination:
        """The destination of an environment."""
        return DirectoryDestination(self.root / environment)

    def deploy(self, *args: Any, **more: Any) -> str:
        """Deploy a bundle (see `seal`); its digest."""
        sealed = self.seal(*args, **more)
        destination = self.destination(more.get("environment", "production"))
        return destination.deploy([sealed], now=NOW, actor="ci").release.bundles[0].digest

    def tamper(self, bundle: Path) -> None:
        """Make a bundle current that is not what was sealed, as no deployment of ours would."""
        service = self.root / "production" / "kitchen"
        name = f"..sha256-{bundle.name}"
        (service / name).mkdir()
        for file in bundle.iterdir():
            data = file.read_bytes()
            (service / name / file.name).write_bytes(
                data.replace(b'"pool_min":1', b'"pool_min":2') if file.name == "config.json" else data
            )
        (service / "..data_tmp").symlink_to(name)
        (service / "..data_tmp").rename(service / "..data")


def origins(values: Values, path: str) -> dict[str, str]:
    return {json_pointer(pointer): f"{path}:{line}:3" for line, (pointer, _) in enumerate(leaves(values), 2)}


def eventually(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until `true` is; a test that waits in vain fails, and none depends on how long it took."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def shop() -> Iterator[Shop]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Shop(Path(folder))


@pytest.fixture
def shelf_of(shop: Shop) -> Iterator[Callable[..., Shelf]]:
    """Makes shelves of a folder (the whole shop, if none is named), and closes them."""
    with ExitStack() as stack:

        def make(source: Path | None = None, *, follow: bool = False, **more: Any) -> Shelf:
            shelf = Shelf(source or shop.root, **more)
            stack.callback(shelf.close)
            if follow:
                shelf.follow()
            return shelf

        yield make


ServerOf = Callable[..., Server]


@pytest.fixture
def log() -> list[Access]:
    """What the access log of servers got."""
    return []


@pytest.fixture
def server_of(shop: Shop, log: list[Access]) -> Iterator[ServerOf]:
    """Makes servers of the whole shop. `tokens` names their file; without, callers are those of this machine."""
    with ExitStack() as stack:

        def make(**more: Any) -> Server:
            server = Server(Settings(str(shop.root), **{"rate": 0.0, **more}), environ=shop.environ, written=log.append)
            stack.callback(server.shelf.close)
            return server

        yield make


class Tokens:
    """A file of tokens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: list[tokens.Token] = []

    def make(self, name: str, *, days: float = 1, **scopes: list[str]) -> str:
        """A new token; it may read everything that `scopes` do not say otherwise of."""
        said = {"environments": ["*"], "services": ["*"], "tenants": ["*"], "may": ["read"], **scopes}
        text, kept = tokens.new(
            name, tokens.Scopes(*map(tuple, said.values())), now=datetime.now(UTC), days=days
        )  # fmt: skip
        self._kept.append(kept)
        tokens.write(self.path, self._kept)
        return text

    def revoke(self, text: str) -> None:
        """Take a token back."""
        self._kept = [each for each in self._kept if each.id != tokens.id_of(text)]
        tokens.write(self.path, self._kept)


@pytest.fixture
def tokens_file(shop: Shop) -> Tokens:
    return Tokens(shop.folder / "tokens.yaml")
