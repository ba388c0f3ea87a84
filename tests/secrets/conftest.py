"""A person with an age key, and a repository of one service whose secrets that person can open."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pyrage
import pytest

from terrace import cli, load, schemas
from terrace.model.sops_rules import sops_rules
from terrace.sops import Identities, identities
from terrace.source import WorkTree


class Person:
    """A private key, what opens with it, and the recipient that others encrypt for."""

    def __init__(self) -> None:
        key = pyrage.x25519.Identity.generate()
        self.text = str(key)
        self.recipient = str(key.to_public())
        self.identities: Identities = identities.of(self.text)


@pytest.fixture(scope="session")
def ada() -> Person:
    return Person()


@pytest.fixture(scope="session")
def eve() -> Person:
    return Person()


CONTRACT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Shop",
    "x-terrace-tenancy": "pooled",
    "x-terrace-owner": "shop",
    "x-terrace-version": "1.0.0",
    "type": "object",
    "additionalProperties": False,
    "required": ["database"],
    "properties": {
        "database": {
            "type": "object",
            "additionalProperties": False,
            "required": ["host", "password"],
            "properties": {
                "host": {"type": "string"},
                "port": {"type": "integer", "default": 5432},
                "password": {
                    "type": "string",
                    "minLength": 12,
                    "x-terrace-secret": True,
                    "x-terrace-env-var": "DB_PASSWORD",
                },
                "pin": {"type": "integer", "minimum": 1000, "x-terrace-secret": True},
            },
        },
        "mail": {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["sender"],
                    "properties": {
                        "sender": {"type": "string"},
                        "token": {"type": "string", "pattern": "^tok_[a-z]+$", "x-terrace-secret": True},
                        "signed": {"type": "boolean", "x-terrace-secret": True},
                    },
                },
                {"type": "null"},
            ],
            "default": None,
        },
    },
}

FILES = {
    "schemas/shop.schema.json": json.dumps(CONTRACT, indent=2) + "\n",
    "environments/base/shop.yaml": "database:\n  host: db.internal\n",
    "environments/staging/environment.yaml": "recipients: [ada]\nkind: staging\norder: 1\n",
    "environments/production/environment.yaml": "recipients: [ada]\nkind: production\norder: 2\nprotected: true\n",
    "environments/production-eu/environment.yaml": (
        "recipients: [ada]\nkind: production\norder: 3\nprotected: true\nextends: production\n"
    ),
    "tenants/acme/tenant.yaml": "services: [shop]\nenvironments: [staging, production]\n",
}


RECOVERY = "age1gwvplr9kvnfrxak7kuckw5t90l2a8za2zlvtzsxpn89kgfzmx4sqpne8f2"
"""A key that nobody here has."""


def register(person: Person) -> str:
    """The register with one person, who may open every environment, and a recovery key."""
    said = {"owner": "ada", "since": "2026-01-02", "reviewed": "2026-01-02"}
    everywhere = ["staging", "production", "production-eu"]
    ada = {"kind": "person", "key": person.recipient, "environments": everywhere, **said}
    return json.dumps({"recipients": {"ada": ada, "recovery": {"kind": "recovery", "key": RECOVERY, **said}}})


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


class Shop:
    """A repository with keys: ada opens everything, eve nothing."""

    def __init__(self, folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        self.folder = folder
        self._captured = capsysbinary

    def run(self, *argv: str, stdin: str | None = None) -> Ran:
        """Run a command in this process, with `stdin` for a pipe."""
        self._captured.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            stream = io.TextIOWrapper(io.BytesIO((stdin or "").encode()))
            patch.setattr(sys, "stdin", stream)
            code = cli.run(["-C", str(self.folder), *argv])
        out, err = self._captured.readouterr()
        return Ran(int(code), out.decode(), err.decode())

    def set(self, path: str, value: str, env: str = "production", *more: str) -> Ran:
        """Set a secret that must be settable."""
        ran = self.run("secrets", "set", "shop", path, "--env", env, "--stdin", *more, stdin=value)
        assert ran.code == 0, ran.err
        return ran

    def get(self, path: str, env: str = "production", *more: str) -> str:
        """The value of a secret that must be there."""
        ran = self.run("secrets", "get", "shop", path, "--env", env, "--yes", *more)
        assert ran.code == 0, ran.err
        return ran.out

    def text(self, path: str) -> str:
        """The text of a file."""
        return (self.folder / path).read_text()

    def log(self) -> str:
        """The whole audit log."""
        folder = Path(os.environ["HOME"]) / ".local/state/terrace/audit"
        return "".join(part.read_text() for part in sorted(folder.glob("access-*")))


@pytest.fixture
def shop(
    tmp_path: Path, ada: Person, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Shop:
    folder = tmp_path / "shop"
    for path, text in {**FILES, "recipients.yaml": register(ada)}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    schemas.write(folder, check=False)
    repository = load.load(WorkTree(folder))
    (folder / ".sops.yaml").write_text(sops_rules(repository, repository.tenants.values()))
    for name in [each for each in os.environ if not each.startswith(("PYTEST_", "COV_", "XDG_RUNTIME_DIR"))]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    for name, value in {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home"), "SOPS_AGE_KEY": ada.text}.items():
        monkeypatch.setenv(name, value)
    return Shop(folder, capsysbinary)
