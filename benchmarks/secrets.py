"""Encrypted files in process, against the least that could be done and against one `sops` process a file.

Run `python -m benchmarks.secrets [--files 20] [--sops PATH]`. Everything is measured in one run, by turns.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pyrage

from terrace import sops
from terrace.sops import document, identities
from terrace.sops.opened import open_, open_with

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "terrace-tests"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = 20
ROUNDS = 30
GOAL = 2.5


def main() -> int:
    """Print files per second and ratios; always 0: a busy machine is no failure."""
    options = _options()
    key = pyrage.x25519.Identity.generate()
    files = [_file(str(key.to_public()), number) for number in range(options.files)]
    seconds = _measured(_ways(files, str(key)), len(files))
    program = _program(options.sops)
    if program:
        seconds["sops process"] = _processes(program, files[:20], str(key))
    for name, one in seconds.items():
        print(f"{name:28} {1 / one:10,.0f} files/s {one * 1e6:10,.0f} us")
    unwrap, whole = seconds["pyrage unwrap alone"], seconds["open a file"]
    without_yaml = whole - seconds["YAML alone"]
    print(f"open / unwrap                {whole / unwrap:10.2f}")
    print(f"open without YAML / unwrap   {without_yaml / unwrap:10.2f}   (goal: at most {GOAL})")
    if program:
        print(f"sops process / open          {seconds['sops process'] / whole:10.1f}")
    else:
        print("No sops program: --sops names one.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.secrets", description=__doc__)
    parser.add_argument("--files", type=int, default=20, help="how many files are opened by turns")
    parser.add_argument("--sops", help="the sops program; without it, one that is installed or was built for the tests")
    return parser.parse_args()


def _file(recipient: str, number: int) -> str:
    sections = {f"section{s}": {f"key{k}": f"the value {number} {s} {k}" for k in range(5)} for s in range(VALUES // 5)}
    return sops.create(sections, [recipient], now=NOW)


def _ways(files: list[str], key: str) -> dict[str, Callable[[int], object]]:
    """What is measured, each as a function of the number of a file."""
    owner = identities.of(key)
    read = [document.read(text) for text in files]
    keys = [open_(text, owner)._data_key for text in files]
    metadata = [file.metadata for file in read]
    stanzas = [found.groups[0].age[0].enc.encode() for found in metadata if found is not None]
    opened = [open_(text, owner) for text in files]
    change = ("section0", "key0")
    return {
        "pyrage unwrap alone": lambda n: pyrage.decrypt(stanzas[n], [owner.usable[0].key]),
        "YAML alone": lambda n: document.documents(files[n]),
        "values and MAC alone": lambda n: open_with(read[n], keys[n]),
        "look at a file without a key": lambda n: sops.inspect(files[n]),
        "open a file": lambda n: open_(files[n], owner),
        "change one value": lambda n: opened[n].changed({change: "new"}, NOW),
        "write a new file": lambda n: _file(owner.usable[0].recipient, n),
    }


def _measured(ways: dict[str, Callable[[int], object]], count: int) -> dict[str, float]:
    """The seconds that each takes for one file: the best of the rounds, which are taken by turns."""
    best = dict.fromkeys(ways, float("inf"))
    # As timeit does it, and as the program itself does while it loads a repository.
    gc.disable()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            gc.collect()
            begin = perf_counter()
            for number in range(count):
                way(number)
            best[name] = min(best[name], (perf_counter() - begin) / count)
    gc.enable()
    return best


def _program(named: str | None) -> str | None:
    built = sorted(CACHE.glob("sops-*/sops"))
    return named or shutil.which("sops") or (str(built[-1]) if built else None)


def _processes(program: str, files: list[str], key: str) -> float:
    command = [program, "decrypt", "--input-type=yaml", "--output-type=yaml", "/dev/stdin"]
    begin = perf_counter()
    for text in files:
        subprocess.run(command, input=text, text=True, check=True, capture_output=True, env={"SOPS_AGE_KEY": key})
    return (perf_counter() - begin) / len(files)


if __name__ == "__main__":
    raise SystemExit(main())
