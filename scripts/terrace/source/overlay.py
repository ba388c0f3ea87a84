"""A source with some files replaced: what the repository would be after an edit that nobody has written yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.model.entities import Origin
from terrace.source.entry import Entry, Unreadable

if TYPE_CHECKING:
    from terrace.source import Source


class Overlay:
    """`below` with the texts of some paths replaced or added; None takes a file away."""

    def __init__(self, below: Source, texts: Mapping[str, str | None]) -> None:
        self._below = below
        self._texts = {path: None if text is None else text.encode() for path, text in texts.items()}

    @property
    def root(self) -> Path:
        """The folder of the source below."""
        return self._below.root

    @property
    def origin(self) -> Origin:
        """The origin of the source below; what is replaced counts as edited."""
        origin = self._below.origin
        return Origin(origin.commit, origin.time, (*origin.dirty, *self._texts), origin.revision)

    def entries(self, folder: str) -> list[Entry]:
        """The entries of the source below, and those of replaced files."""
        kept = [entry for entry in self._below.entries(folder) if entry.path not in self._texts]
        mine = [path for path in self._texts if path == folder or path.startswith(f"{folder}/")]
        here = [path for path in mine if self._texts[path] is not None]
        return sorted([*kept, *(Entry(path, "file", f"edit {hash(self._texts[path])}", path) for path in here)])

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The replaced content where there is one, else that of the source below."""
        below = self._below.read([entry for entry in entries if entry.path not in self._texts])
        for entry in entries:
            data = self._texts.get(entry.path)
            yield next(below) if data is None else data
