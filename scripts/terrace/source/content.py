"""A work tree whose files are named by what they hold, for a process that reads it again and again.

An entry's signature is the name that Git gives to the content, so an edit that is committed, or taken back, leads to
what was known before. A file is read and named once; later its times tell whether it is still the same.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import SourceError
from terrace.model.entities import Origin
from terrace.source.entry import Entry, Unreadable
from terrace.source.worktree import AGAIN

if TYPE_CHECKING:
    from terrace.source import Source

_RACY_NS = 2_000_000_000
"""A file that changed so recently may change again without its times showing it: its name is found out again."""

Names = dict[str, tuple[str, str]]
"""What was found out: by path, what told the file from others (size, times and so on) and the name of its content."""


class ByContent:
    """`below`, as it was when its folders were `listed`. What was found out is taken from `names`, and put there.

    What is no file, or cannot be read, has an empty signature. A file that does not hold any more what it held when it
    was named is a `SourceError`: nothing is read that is not what its entry says.
    """

    def __init__(self, below: Source, listed: Mapping[str, list[Entry]], names: Names) -> None:
        self._below = below
        self._listed = listed
        self._names = names
        if len(names) > 2 * sum(map(len, listed.values())):
            names.clear()  # most of these files are gone
        self._named: dict[str, list[Entry]] = {}
        self._data: dict[str, bytes] = {}

    @property
    def root(self) -> Path:
        """The folder of the work tree."""
        return self._below.root

    @property
    def origin(self) -> Origin:
        """The commit that is checked out, and what differs from it."""
        return self._below.origin

    def entries(self, folder: str) -> list[Entry]:
        """Everything below `folder`, sorted by path, named by content."""
        if folder not in self._named:
            listed = self._listed[folder] if folder in self._listed else self._below.entries(folder)
            self._named[folder] = self._all_named(listed)
        return self._named[folder]

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of each entry in turn, or why it has none."""
        for entry in entries:
            data = self._data.get(entry.real)
            yield self._read(entry) if data is None else data

    def _read(self, entry: Entry) -> bytes | Unreadable:
        data = next(self._below.read([entry]))
        if (name_of(data) if isinstance(data, bytes) else "") != entry.signature:
            raise SourceError(f"{entry.path} changed while the repository was read", hint=AGAIN)
        return data

    def _all_named(self, entries: Sequence[Entry]) -> list[Entry]:
        fresh = time.time_ns() - _RACY_NS
        return [entry._replace(signature=self._name(entry, fresh)) for entry in entries]

    def _name(self, entry: Entry, fresh: int) -> str:
        if entry.kind != "file":
            return ""
        known = self._names.get(entry.real)
        if known is not None and known[0] == entry.signature:
            return known[1]
        data = next(self._below.read([entry]))
        if not isinstance(data, bytes):
            return ""
        self._data[entry.real] = data
        name = name_of(data)
        if int(entry.signature.rpartition(":")[2]) < fresh:
            self._names[entry.real] = (entry.signature, name)
        return name


def name_of(data: bytes) -> str:
    """The name that Git gives to content, as most repositories have it. In others nothing has the same name twice."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
