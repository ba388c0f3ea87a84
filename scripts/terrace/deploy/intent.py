"""The intent: what a deployer is about to do, on disk before it begins, so that whoever comes next can finish it.

A release of several services is several renames, which no file system does as one. So all of it is written down first,
in `pending.json`: the folders to make current, the holds to put up or take away, the lines for the log. From then on
the release goes forward only. Every part of it can be done again without harm, and a process that finds the file does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import orjson

from terrace.bundle import canonical
from terrace.deploy import hold as holds
from terrace.deploy import log
from terrace.deploy.disk import read_regular, remove_file, write_durably
from terrace.deploy.layout import swap
from terrace.deploy.steps import OnStep, Step
from terrace.errors import DestinationError
from terrace.model.flag import STREAM
from terrace.model.release import Hold


class Intent(NamedTuple):
    """What is to be done: folders by service, lines of the log, holds to put up, names of holds to take away."""

    folders: dict[str, str]
    entries: tuple[log.Entry, ...]
    hold: tuple[Hold, ...] = ()
    lift: tuple[str, ...] = ()


class State(NamedTuple):
    """Where a destination keeps its own files: in `.terrace` below its root."""

    root: Path

    @property
    def folder(self) -> Path:
        """The folder of all of them."""
        return self.root / ".terrace"

    @property
    def lock(self) -> Path:
        """The lock, with the note of who holds it."""
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        """The release log."""
        return self.folder / "log.jsonl"

    @property
    def pending(self) -> Path:
        """The intent, while there is one."""
        return self.folder / "pending.json"

    @property
    def holds(self) -> Path:
        """The folder of holds."""
        return self.folder / "holds"

    @property
    def pins(self) -> Path:
        """The folder of pins, an empty file each, named by the digest."""
        return self.folder / "pins"


def carry_out(state: State, intent: Intent, on_step: OnStep) -> None:
    """Write `intent` down, do it, and clear it."""
    write_durably(state.pending, canonical(_encode(intent)))
    on_step(Step.INTENDED)
    finish(state, intent, on_step)


def finish(state: State, intent: Intent, on_step: OnStep) -> None:
    """Do what `intent` says, or what is left of it. A hold stands before the release that it guards is current."""
    for new in intent.hold:
        write_durably(state.holds / f"{new.name}.json", canonical(holds.encode(new)))
        on_step(Step.HELD)
    # Flags last: who waits for a first release is not ready with flags alone.
    for service, name in sorted(intent.folders.items(), key=lambda item: (item[0] == STREAM, item[0])):
        swap(state.root / service, name, on_step)
    for name in intent.lift:
        remove_file(state.holds / f"{name}.json")
        on_step(Step.LIFTED)
    logged = {entry.sequence for entry in log.read(state.log)}
    missing = [entry for entry in intent.entries if entry.sequence not in logged]
    if missing:
        log.append(state.log, missing)
        on_step(Step.LOGGED)
    remove_file(state.pending)
    on_step(Step.DONE)


def read(state: State) -> Intent | None:
    """The intent that a deployer left behind, if one did."""
    try:
        data = read_regular(state.pending)
    except FileNotFoundError:
        return None
    try:
        raw = orjson.loads(data)
        return Intent(
            folders=dict(raw["folders"]),
            entries=tuple(log.decode(entry) for entry in raw["entries"]),
            hold=tuple(holds.decode(item) for item in raw["hold"]),
            lift=tuple(raw["lift"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DestinationError(
            f"{state.pending} is damaged: it should say what an interrupted deployment was about to do",
            hint="Remove the file, then deploy again: that makes every service current.",
        ) from error


def _encode(intent: Intent) -> dict[str, Any]:
    return {
        "folders": intent.folders,
        "entries": [log.encode(entry) for entry in intent.entries],
        "hold": [holds.encode(item) for item in intent.hold],
        "lift": list(intent.lift),
    }
