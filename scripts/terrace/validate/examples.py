"""The small repository that the examples of rules are laid over. It has no findings.

One service, `app`; environments development, staging and production; one group, `gold`; one tenant, `acme`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from terrace.model.entities import Origin
from terrace.model.source import Pointer
from terrace.source import Entry, Unreadable
from terrace.validate.rule import Example
from terrace.validate.sealed_text import NOTES, REGISTER, SEALED


def _section(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required or [],
        **more,
    }


CONTRACT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "App",
    "x-terrace-tenancy": "pooled",
    "x-terrace-owner": "team-app",
    "x-terrace-version": "1.0.0",
    **_section(
        {
            "server": _section(
                {
                    "host": {"type": "string", "default": "0.0.0.0", "x-terrace-identifies": "host"},
                    "public_url": {
                        "type": "string",
                        "x-terrace-identifies": "url",
                        "x-terrace-required-in": ["production"],
                        "x-terrace-must-differ": True,
                    },
                    "debug": {"type": "boolean", "default": False},
                    "workers": {"type": "integer", "minimum": 1, "maximum": 64, "default": 4, "x-terrace-live": True},
                    "threads": {"type": "integer", "default": 1, "x-terrace-deprecated-by": "server.workers"},
                },
                ["public_url"],
                **{"x-terrace-set-by": ["environment"]},
            ),
            "database": _section(
                {
                    "host": {"type": "string", "x-terrace-identifies": "host"},
                    "port": {"type": "integer", "default": 5432},
                    "pool_min": {"type": "integer", "default": 1},
                    "pool_max": {"type": "integer", "default": 10},
                    "tls_verify": {"type": "boolean", "default": True},
                    "password": {"type": "string", "minLength": 4, "maxLength": 16, "x-terrace-secret": True},
                },
                ["host"],
                **{"x-terrace-set-by": ["environment"]},
            ),
            "mail": _section(
                {
                    "sender": {"type": "string"},
                    "token": {"type": "string", "x-terrace-secret": True},
                },
                ["sender", "token"],
            ),
            "logging": _section(
                {"level": {"enum": ["debug", "info", "warning", "error"], "default": "info"}},
            ),
            "cors": _section({"origins": {"type": "array", "items": {"type": "string"}, "default": []}}),
            "payments": _section(
                {
                    "publishable_key": {"type": "string", "default": ""},
                    "endpoint": {"type": "string", "default": "https://api.payments.internal"},
                }
            ),
            "images": _section({"renderer": {"type": "string", "default": "registry.internal/renderer:3.1"}}),
            "branding": _section(
                {
                    "support_email": {"type": ["string", "null"], "default": None, "x-terrace-identifies": "email"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
                }
            ),
        },
        ["server", "database"],
    ),
}


def _check_pools(values: dict[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """What a model's validator would say of the example contract's section `database`."""
    database = values["database"]
    if database["pool_min"] > database["pool_max"]:
        yield ("database",), "pool_min may not be larger than pool_max"
    if str(database["port"]) in str(database.get("password", "")):
        yield ("database",), "the password may not hold the port"


CROSS_CHECKS = {"app": _check_pools}
"""The example contract's rules across fields, in place of its model's own."""

FILES: dict[str, str] = {
    "recipients.yaml": REGISTER,
    "schemas/generated/app.schema.json": json.dumps(CONTRACT, indent=2) + "\n",
    "environments/base/app.yaml": """\
server:
  workers: 4
cors:
  origins: [https://shop.harbourkitchen.com]
""",
    "environments/development/environment.yaml": "kind: development\nreferences: [vault://shop/]\n",
    "environments/development/app.yaml": """\
server:
  public_url: http://localhost:8080
database:
  host: localhost
""",
    "environments/staging/environment.yaml": "kind: staging\nreferences: [vault://shop/]\n",
    "environments/staging/app.yaml": """\
server:
  public_url: https://staging.harbourkitchen.com
database:
  host: db.staging.internal
""",
    "environments/production/environment.yaml": """\
kind: production
protected: true
references:
  - vault://shop/
  - vault://tenants/{tenant}/
""",
    "environments/production/app.yaml": """\
server:
  public_url: https://www.harbourkitchen.com
database:
  host: db.production.internal
""",
    "environments/production/app.secrets.yaml": f"database:\n  password: {SEALED}\n{NOTES}",
    "tenants/_groups/gold/app.yaml": "logging:\n  level: warning\n",
    "tenants/acme/tenant.yaml": """\
display_name: Acme
groups: [gold]
services: [app]
environments: [development, staging, production]
""",
    "tenants/acme/app.yaml": "branding:\n  support_email: help@acme.com\n",
}


class MemorySource:
    """A source whose files are held in memory; what examples and tests read from."""

    def __init__(self, files: Mapping[str, str | bytes | Unreadable]) -> None:
        self.root = Path()
        self.origin = Origin()
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in sorted(files.items())}

    def entries(self, folder: str) -> list[Entry]:
        """Every file below `folder`, by path."""
        below = [path for path in self._files if path.startswith(folder + "/") or path == folder]
        return [Entry(path, _kind(self._files[path]), str(hash(self._files[path])), path) for path in below]

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The bytes of each entry, in order."""
        for entry in entries:
            yield self._files[entry.path]


def _kind(held: bytes | Unreadable) -> Literal["file", "link", "other"]:
    if isinstance(held, bytes):
        return "file"
    return "link" if "symbolic link" in held.reason else "other"


def source_of(example: Example) -> MemorySource:
    """The example's files laid over the example repository."""
    laid = {**FILES, **example.files}
    return MemorySource({path: text for path, text in laid.items() if text is not None})
