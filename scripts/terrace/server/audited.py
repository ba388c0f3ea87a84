"""What was done to flags through the server, and what was refused: a line of JSON for each, added and never changed."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

FOLDER = "flags"
"""Below the repository's `.terrace`, where it outlives the server; the servers' own folders are beside it."""
FILE = "flags.jsonl"
log = logging.getLogger("terrace.server")


def folder_of(own: Path) -> Path:
    """The folder that outlives a server, by the server's own."""
    return own.parent / FOLDER


def write(own: Path, outcome: str, request: Mapping[str, Any], **more: Any) -> None:
    """Add a record, and say it in the log. `request` is what was asked of the door; empty parts are left out."""
    actor = request.get("actor")
    record = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "actor": str(actor.get("name", "")) if isinstance(actor, Mapping) else "",
        "verb": str(request.get("verb", ""))[:20],
        "flag": str(request.get("flag", ""))[:253],
        "environment": str(request.get("environment", ""))[:253],
        "reason": str(request.get("reason", ""))[:1000],
        "outcome": outcome,
        **more,
    }
    told = {name: value for name, value in record.items() if value not in ("", None)}
    log.info("flags: %s", outcome, extra={"said": told})
    try:
        _add(folder_of(own), orjson.dumps(_text(told)) + b"\n")
    except OSError as error:
        log.error("cannot write %s: %s", FILE, error.strerror)


def _add(folder: Path, line: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # One write of one line, at the end: who writes beside it breaks none.
    file = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def _text(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in told.items()
    }
