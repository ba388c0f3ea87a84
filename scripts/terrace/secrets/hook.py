"""Hooks: a program of yours that tells the system which takes a secret about its new value, or that the old one ends.

It is given one JSON object on standard input, so that values are in no process list and no environment:

    {"version": 1, "phase": "prepare", "service": "backend", "environment": "production", "tenant": null,
     "path": "database.login", "file": "environments/production/backend.secrets.yaml", "public": null,
     "current": {"user": "backend_b", "password": "..."}, "previous": {"user": "backend_a", "password": "..."},
     "previous_until": "2026-11-25T09:30:00Z"}

`prepare`: accept `current` from now on, and `previous` too. `revoke`: accept `previous` no longer. `replace`: accept
`current` instead of `previous`. Exit code 0 says that it is done; a hook may be told the same, or another new value,
again after an interruption, and must then end as if it had been told once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from terrace.errors import TerraceError
from terrace.model.secret import HIDDEN, Secret

SECONDS = 120
_LINES = 5
_SHORTEST = 4


class Told(NamedTuple):
    """What a hook is told of a secret. Values are Secrets, or maps of them; None where there is none."""

    phase: str
    service: str
    environment: str
    tenant: str
    path: str
    file: str
    current: object
    previous: object = None
    previous_until: str | None = None
    public: str = ""

    def text(self) -> str:
        """The JSON that the hook reads. It holds the values."""
        said: dict[str, Any] = {"version": 1, **self._asdict()}
        said |= {name: said[name] or None for name in ("tenant", "public")}
        said |= {name: revealed(said[name]) for name in ("current", "previous")}
        return json.dumps(said)


def run(hook: Sequence[str], told: Told, folder: Path, *, known: Sequence[str] = ()) -> None:
    """Tell a hook, which runs in `folder`. Raises where it says that it could not do it.

    What it complains of is shown without any of the values but those `known` to everybody, as the names of users.
    """
    import subprocess
    import sys

    argv = [sys.executable if hook[0] == "python" else hook[0], *hook[1:]]
    try:
        ended = subprocess.run(
            argv, input=told.text().encode(), capture_output=True, cwd=folder, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise TerraceError(f"the hook of {told.path} ({hook[0]}) did not end within {SECONDS} seconds") from None
    except OSError as error:
        raise TerraceError(f"the hook of {told.path} ({hook[0]}) cannot be run: {error.strerror}") from None
    if ended.returncode:
        said = masked(ended.stderr.decode("utf-8", "replace"), [told.current, told.previous], known)
        lines = said.strip().splitlines()[-_LINES:]
        message = f"the hook of {told.path} failed in phase {told.phase}: exit code {ended.returncode}"
        raise TerraceError(message, hint=" ".join(lines) or "It did not say why. Run the same command again.")


def revealed(value: object) -> Any:
    """A value in the open, maps and all. Whoever calls this answers for where it goes."""
    if isinstance(value, Secret):
        return value.reveal()
    return {key: revealed(inner) for key, inner in value.items()} if isinstance(value, Mapping) else value


def masked(text: str, values: Sequence[object], known: Sequence[str] = ()) -> str:
    """`text` without any of the values, or a line of one, but those that are `known`."""
    for value in values:
        for each in sorted(_texts(revealed(value)), key=len, reverse=True):
            text = text if each in known else text.replace(each, HIDDEN)
    return text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, str):
        yield from (each for each in (value, *value.splitlines()) if len(each) >= _SHORTEST)
