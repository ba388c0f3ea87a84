"""What an entry in the access log costs: `python -m benchmarks.audit [FOLDER] [--openings N]`.

Each opening is that of a file with ten secrets. The floor is the same bytes appended to a file that stays open: what
the operating system takes for them, with and without waiting for the disk.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from terrace.audit import Log, Opening, whoami

VALUES = {("database", f"password_{number}"): f"value-{number}-{'x' * 24}" for number in range(10)}


def main() -> None:
    """Print milliseconds per opening and the ratios to the floor, and what verifying the whole costs."""
    parser = argparse.ArgumentParser(description="Time the access log.")
    parser.add_argument("folder", nargs="?", help="where to write: fsync costs what that disk takes")
    parser.add_argument("--openings", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _measure(Path(folder), options.openings)


def _measure(folder: Path, openings: int) -> None:
    opening = Opening(whoami(), "terrace show", "benchmark", "environments/production/app.secrets.yaml", "0" * 40)
    logs = {sync: Log(folder / f"log-{sync}", sync=sync) for sync in (True, False)}
    for log in logs.values():
        log.record(opening, VALUES)
    size = len(next(logs[True].export())) + 1
    print(f"{openings} openings of {len(VALUES)} values, {size} bytes a record; milliseconds, the median")
    medians = {}
    for sync, log in logs.items():
        medians[sync] = _median(lambda log=log: log.record(opening, VALUES), openings)  # type: ignore[misc]
        floor = _floor(folder / f"floor-{sync}", size, openings, sync=sync)
        name = "with fsync" if sync else "without fsync"
        print(f"  {name:14} {medians[sync]:7.3f}   the bytes alone {floor:7.3f}   ratio {medians[sync] / floor:5.1f}")
    print(f"  fsync costs {medians[True] / medians[False]:.1f} times what the record does without it")
    began = time.perf_counter()
    found = logs[True].verify()
    took = time.perf_counter() - began
    print(f"  verifying: {found.records} records in {took * 1000:.1f} ms, {took / found.records * 1e6:.1f} us a record")


def _floor(path: Path, size: int, openings: int, *, sync: bool) -> float:
    data = b"x" * (size - 1) + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append() -> None:
        os.write(descriptor, data)
        if sync:
            os.fsync(descriptor)

    try:
        return _median(append, openings)
    finally:
        os.close(descriptor)


def _median(once: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        once()
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


if __name__ == "__main__":
    main()
