"""What the tests put into the log."""

from __future__ import annotations

import sys

from terrace.audit import Log, Opening, Who

WHO = Who("ada", 1000, None, "Ada <ada@harbourkitchen.com>")
OPENING = Opening(WHO, "terrace show", "incident 7", "environments/production/backend.secrets.yaml", "0a1b2c3")
SECRET = "correct-horse-battery-staple"


def fill(log: Log, count: int) -> None:
    """Append `count` records."""
    for number in range(count):
        log.record(OPENING, {("database", "password"): f"{SECRET}-{number}"})


if __name__ == "__main__":
    # A process of its own that appends and says, a line each, which records are on disk.
    folder, many = sys.argv[1], int(sys.argv[2])
    for _ in range(many):
        written = Log(folder, largest=20_000).record(OPENING, {("database", "password"): SECRET})
        print(written.head.sequence if written.head else 0, flush=True)
