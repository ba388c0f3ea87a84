"""Small bundles to test with."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from terrace.bundle import Bundle, BundleWriter, Facts, open_bundle

SCHEMA = {
    "type": "object",
    "x-terrace-version": "1.2.0",
    "x-terrace-tenancy": "pooled",
    "properties": {"pool": {"type": "integer"}, "rate": {"type": "number"}},
}


def write(folder: Path, *, secret: bytes = b"password: ENC[one]\n", pool: int = 5) -> Bundle:
    """A bundle with an overlay for `acme`, none for `bolt`, and secrets of the environment and of `acme`."""
    facts = Facts("production", protected=True, references=("vault://secret/production/",))
    writer = BundleWriter(
        folder, environment="production", service="backend", tenancy="pooled", schema=SCHEMA, facts=facts
    )
    shared = ("environments/production/backend.secrets.yaml", secret)
    own = ("tenants/acme/production/backend.secrets.yaml", b"token: ENC[acme]\n")
    writer.add(
        None, {"pool": pool, "rate": 1.0}, [shared], origins={"/pool": "environments/production/backend.yaml:3:7"}
    )
    writer.add("acme", {"pool": pool, "rate": 2.5}, [shared, own])
    writer.add("bolt", None, [shared])
    writer.seal({"commit": "0" * 40, "time": "2026-11-01T12:00:00Z", "dirty": []})
    return open_bundle(folder)


class Make(Protocol):
    """Seals a bundle that differs from others in a few things."""

    def __call__(self, folder: Path, *, secret: bytes = ..., pool: int = ...) -> Bundle: ...


@pytest.fixture
def make() -> Make:
    """Seals one bundle more."""
    return write


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A sealed bundle."""
    return write(tmp_path / "bundle")
