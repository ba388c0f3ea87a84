"""The access log of evaluations, added up: a line for each caller, environment and status, and not for each request.

Flags are asked for thousands of times a second, and a line costs more than an evaluation. What was refused or failed
has a line of its own, as every request elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

EVERY = 10.0
"""Seconds that one line tells of."""


class Asked(NamedTuple):
    """What is added up together."""

    caller: str
    environment: str
    kind: str
    status: int


class Totals:
    """Adds up requests until they are written."""

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write or _to_standard_error
        self._totals: dict[Asked, list[float]] = {}

    def add(self, asked: Asked, evaluated: int, sent: int, seconds: float) -> None:
        """Count one request."""
        total = self._totals.get(asked)
        if total is None:
            total = self._totals[asked] = [0, 0, 0, 0.0, 0.0]
        total[0] += 1
        total[1] += evaluated
        total[2] += sent
        total[3] += seconds
        if seconds > total[4]:
            total[4] = seconds

    def flush(self) -> None:
        """Write what was added up, and begin anew."""
        totals, self._totals = self._totals, {}
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for asked, (requests, evaluated, sent, seconds, longest) in totals.items():
            said = {
                "time": now, "flags": asked.kind, "caller": asked.caller, "environment": asked.environment,
                "status": asked.status, "requests": requests, "evaluations": evaluated, "bytes": sent,
                "seconds": round(seconds, 4), "longest": round(longest, 4),
            }  # fmt: skip
            self._write(orjson.dumps(said).decode())


def _to_standard_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
