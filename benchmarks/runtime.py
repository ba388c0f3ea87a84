"""What the loader costs an application, against floors measured in the same run: `python -m benchmarks.runtime`.

    start     a process that loads the example's bundle         / one that reads the same values with pydantic alone
    reload    write of a release to the exchanged revision      / to a bare inotify event
    compute   one changed configuration, in the process         (goal 13 is against dynaconf, if it is installed)
    lookup    handle.current.database.pool_max                  / the same on the object itself
    tenant    handle.for_tenant(name).database.pool_max         / the same

Secrets are left out of `start`: opening them has its own figures (`benchmarks.secrets`, `benchmarks.audit`).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from schemas.backend import Config
from terrace.bundle import BundleWriter, Facts
from terrace.deploy.directory import DirectoryDestination
from terrace.runtime import Handle, watch

ROUNDS = int(os.environ.get("ROUNDS", "11"))
ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 24, tzinfo=UTC)
TENANTS = 100

FLOOR = """
import sys
from schemas.backend import Config
with open(sys.argv[1], "rb") as file:
    Config.model_validate_json(file.read())
"""
OURS = """
from schemas.backend import Config
from terrace.runtime import load
load(Config)
"""


def values(pool_max: int = 10) -> dict[str, object]:
    """Right values of the backend, as they would be in development."""
    said = {
        "server": {"public_url": "http://localhost:8080"},
        "database": {
            "host": "db.local",
            "name": "orders",
            "user": "backend",
            "password": "not-a-secret",
            "pool_max": pool_max,
        },
        "cache": {"host": "cache.local"},
        "auth": {"issuer": "http://localhost:8080/id", "audience": "ordering", "signing_key": "x" * 44},
        "email": {"from_address": "a@b.example"},
        "payments": {"api_key": "k" * 20, "webhook_secret": "w" * 20, "account": "acct_1"},
        "storage": {"bucket": "photos", "secret_key": "s" * 30},
    }
    return _completed(said)


def _completed(said: dict[str, object]) -> dict[str, object]:
    """With the first example of whatever else the contract requires."""
    from pydantic import ValidationError

    while True:
        try:
            return json.loads(Config.model_validate_json(json.dumps(said)).model_dump_json()) | _secrets(said)
        except ValidationError as error:
            for entry in error.errors():
                inner: dict[str, object] = said
                for part in entry["loc"][:-1]:
                    inner = inner.setdefault(str(part), {})  # type: ignore[assignment]  # sections are maps
                inner[str(entry["loc"][-1])] = _example(entry["loc"])


def _secrets(said: dict[str, object]) -> dict[str, object]:
    return {}


def _example(location: tuple[int | str, ...]) -> object:
    model: object = Config
    for part in location[:-1]:
        model = model.model_fields[str(part)].annotation  # type: ignore[attr-defined]
    field = model.model_fields[str(location[-1])]  # type: ignore[attr-defined]
    return field.examples[0] if field.examples else "x" * 40
