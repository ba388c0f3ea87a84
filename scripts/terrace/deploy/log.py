"""The release log: one JSON object a line, only ever appended to, on disk before the next step begins.

A process that dies while it appends leaves a last line without an end. Readers pass over such a line, and the next
deployer cuts it off: the entry is written again from the recorded intent. What does not begin as an entry does was not
left by us: the log is damaged then, and nothing of it is thrown away.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from terrace.bundle import canonical
from terrace.deploy.disk import open_regular, read_regular, sync_folder
from terrace.errors import DestinationError
from terrace.model.release import BundleRef, Release, Streams

RELEASES = ("deploy", "rollback")
"""The actions that changed what runs. Others, as lifting a hold, only stand in the log."""


_BEGINNING = b'{"action":"'
"""How every line begins: canonical JSON sorts its keys."""


class Entry(NamedTuple):
    """One line of the log. `restored` says, for a rollback, which release's configuration each service went back to."""

    sequence: int
    release: Release
    restored: Mapping[str, str] = MappingProxyType({})


def read(path: Path) -> list[Entry]:
    """Every entry, the oldest first."""
    *lines, torn = _bytes(path).split(b"\n")
    entries = [_line(path, number, line) for number, line in enumerate(lines, 1)]
    _check_torn(path, len(lines) + 1, torn)
    return entries


def repair(path: Path) -> bool:
    """Cut off a last line that was never finished. Returns whether there was one. A damaged log is left as it is."""
    read(path)
    data = _bytes(path)
    whole = data.rfind(b"\n") + 1
    if whole == len(data):
        return False
    _cut(path, whole)
    return True


def append(path: Path, entries: Iterable[Entry]) -> None:
    """Put `entries` at the end. What a full disk leaves of them is cut off by `repair`."""
    data = b"".join(canonical(encode(entry)) + b"\n" for entry in entries)
    created = not path.exists()
    descriptor = open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if created:
        sync_folder(path.parent)


def encode(entry: Entry) -> dict[str, Any]:
    """An entry as JSON."""
    release = entry.release
    return {
        "sequence": entry.sequence,
        "number": release.number,
        "time": release.time,
        "action": release.action,
        "actor": release.actor,
        "environment": release.environment,
        "bundles": [
            {"service": ref.service, "digest": ref.digest, "streams": ref.streams._asdict()} for ref in release.bundles
        ],
        "commit": release.commit,
        "dirty": release.dirty,
        "reason": release.reason,
        "restored": dict(entry.restored),
    }


def decode(raw: Mapping[str, Any]) -> Entry:
    """The entry that `encode` wrote."""
    environment = str(raw["environment"])
    bundles = tuple(
        BundleRef(item["service"], environment, item["digest"], Streams(**item["streams"])) for item in raw["bundles"]
    )
    release = Release(
        number=int(raw["number"]),
        time=raw["time"],
        action=raw["action"],
        actor=raw["actor"],
        environment=environment,
        bundles=bundles,
        commit=raw["commit"],
        dirty=bool(raw["dirty"]),
        reason=raw["reason"],
    )
    return Entry(int(raw["sequence"]), release, dict(raw["restored"]))


def _line(path: Path, number: int, line: bytes) -> Entry:
    try:
        return decode(orjson.loads(line))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, number) from error


def _check_torn(path: Path, number: int, line: bytes) -> None:
    """Refuse a last line without an end that is not the beginning of an entry."""
    # After a power cut a file can have its new length and not its new bytes: those are zeros.
    written = line.rstrip(b"\0")
    if not (written.startswith(_BEGINNING) or _BEGINNING.startswith(written)):
        raise _damaged(path, number)


def _damaged(path: Path, number: int) -> DestinationError:
    return DestinationError(
        f"{path}:{number}: the release log is damaged: this line is not a release",
        hint="Restore the file from a backup, or remove that line; the releases themselves are not affected.",
    )


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path)
    except FileNotFoundError:
        return b""


def _cut(path: Path, size: int) -> None:
    descriptor = open_regular(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
