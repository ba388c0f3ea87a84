"""Times as records hold them: RFC 3339, in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(now: datetime) -> str:
    """`now` as records hold it: `2026-11-24T09:30:00Z`."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(since: str, now: datetime) -> str:
    """How long ago `since` was, in the largest unit that says it: `12 minutes`."""
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
