"""Verdicts that were reached before, kept by what they depend on: only what changed is judged again.

A tenant's verdict depends on its own files and on the shared part: all environments, groups, contracts, the program
and the day. The cache stands outside the repository (a repository must not bring verdicts of its own), in
`$XDG_CACHE_HOME/terrace/`. It may be deleted at any time, is replaced as a whole, and a damaged one counts as none.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from terrace import __version__
from terrace.model.findings import Edit, Finding, Fix, Related, Severity
from terrace.model.source import Location, Span
from terrace.source import Entry
from terrace.validate.found import Found

_RACY_NS = 2_000_000_000
"""A file changed this recently could change again without its times showing it: its verdict is not kept."""

Kept = tuple[str, list[Any], int]
"""A verdict as it is kept: what it depends on, what was found, how many targets were looked at."""


class Verdicts:
    """The verdicts of one repository: that of the shared part, and one for each tenant's folder.

    `answers` is kept with them: what the rules of contracts said of values, by service. Its form is theirs.
    """

    def __init__(self, folder: str, shared_key: str, kept: Mapping[str, Kept], answers: dict[str, Any]) -> None:
        self._folder = folder
        self._shared_key = shared_key
        self._kept = dict(kept)
        self.answers = answers

    @classmethod
    def of(cls, root: str, shared: Iterable[Entry], *context: str) -> Verdicts:
        """The verdicts reached for the repository at `root` while its shared part was as it is now."""
        folder = os.path.join(_cache_home(), hashlib.sha256(root.encode()).hexdigest()[:16])  # noqa: PTH118
        key = key_of(shared, __version__, _program(), *context)
        return cls(folder, key, *(_load(_file(folder), key) if key else ({}, {})))

    def get(self, folder: str, key: str) -> tuple[list[Found], int] | None:
        """The verdict on a folder whose files have `key` (what was found, how many targets it has), or None."""
        kept = self._kept.get(folder)
        return ([_found(item) for item in kept[1]], kept[2]) if key and kept and kept[0] == key else None

    def put(self, folder: str, key: str, found: Iterable[Found], targets: int) -> None:
        """Keep a verdict, unless its files are too fresh to tell."""
        if key:
            self._kept[folder] = (key, [_plain(item) for item in found], targets)
        else:
            self._kept.pop(folder, None)

    def save(self) -> None:
        """Replace the file on disk. Not being able to is no error: the next run judges again."""
        import contextlib
        import json

        if not self._shared_key:
            return
        payload = json.dumps([self._shared_key, self._kept, self.answers]).encode()
        path = _file(self._folder)
        temporary = f"{path}.{os.getpid()}"
        with contextlib.suppress(OSError):
            os.makedirs(self._folder, mode=0o700, exist_ok=True)  # noqa: PTH103
            with open(temporary, "wb") as file:
                file.write(hashlib.sha256(payload).digest() + payload)
            os.replace(temporary, path)  # noqa: PTH105


def key_of(entries: Iterable[Entry], *context: str) -> str:
    """What a verdict depends on, as one digest; empty where a file is too fresh for its times to be trusted."""
    digest = hashlib.sha256("\0".join(context).encode())
    fresh = time.time_ns() - _RACY_NS
    for entry in entries:
        if _changed_ns(entry) > fresh:
            return ""
        digest.update(f"\0{entry.path}\0{entry.signature}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _changed_ns(entry: Entry) -> int:
    """When a file of a work tree last changed; a Git object never does."""
    _, _, changed = entry.signature.rpartition(":")
    return int(changed) if changed != entry.signature else 0


def _cache_home() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    return os.path.join(base, "terrace")  # noqa: PTH118


def _file(folder: str) -> str:
    return os.path.join(folder, "verdicts.json")  # noqa: PTH118


def _program() -> str:
    """A digest of the program's own files, and of what is installed: another program may reach another verdict."""
    digest = hashlib.sha256()
    for folder in sys.path:
        if folder.endswith("-packages") and os.path.isdir(folder):  # noqa: PTH112
            digest.update(f"{folder}:{os.stat(folder).st_mtime_ns};".encode())  # noqa: PTH116
    top = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in sorted(names):
            status = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118
            digest.update(f"{name}:{status.st_size}:{status.st_mtime_ns};".encode())
    return digest.hexdigest()


def _load(path: str, key: str) -> tuple[dict[str, Kept], dict[str, Any]]:
    import json  # orjson takes longer to import than it saves here

    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # never wait for a pipe
            check, payload = file.read(32), file.read()
        if hashlib.sha256(payload).digest() != check:
            return {}, {}
        shared_key, kept, answers = json.loads(payload)
    except (OSError, ValueError, TypeError, RecursionError):
        return {}, {}
    return (kept, answers) if shared_key == key else ({}, {})


def _plain(found: Found) -> list[Any]:
    finding = found.finding
    fix = finding.fix and [finding.fix.title, [list(edit) for edit in finding.fix.edits]]
    related = [[_place(item.location), item.message] for item in finding.related]
    return [
        [finding.code, int(finding.severity), finding.message, _place(finding.location), finding.pointer, finding.hint],
        [related, fix],
        list(found.targets),
        found.suppressed,
    ]


def _place(location: Location) -> list[Any]:
    return [location.path, list(location.span) if location.span else None]


def _found(item: list[Any]) -> Found:
    (code, severity, message, place, pointer, hint), (related, fix), targets, suppressed = item
    finding = Finding(
        code,
        Severity(severity),
        message,
        _location(place),
        None if pointer is None else tuple(pointer),
        hint,
        tuple(Related(_location(where), said) for where, said in related),
        fix=Fix(fix[0], tuple(Edit(*edit) for edit in fix[1])) if fix else None,
    )
    return Found(finding, tuple(targets), suppressed)


def _location(place: list[Any]) -> Location:
    return Location(place[0], Span(*place[1]) if place[1] else None)
