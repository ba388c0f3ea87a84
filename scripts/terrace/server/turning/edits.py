"""The state of a work tree: every file that can reach a bundle, and the day, on which expiries depend."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from terrace import load
from terrace.model.recipients import FILE as REGISTER
from terrace.server.turning.notices import Watched
from terrace.source import Entry, Source, open_source
from terrace.source.content import ByContent, Names
from terrace.source.worktree import CONTENT

TOP = (load.SETTINGS, REGISTER, load.SOPS_RULES)
LOOK = 5.0
_BESIDE = frozenset((".git", ".terrace", "__pycache__"))
State = dict[str, str]
DAY = ""
"""The name under which the day stands in a state: no path."""


class Edits:
    """A work tree that is followed."""

    look = LOOK
    """Seconds between looks at every file, for events that were lost."""
    lasts = False
    """Files can change while they are read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed: dict[str, list[Entry]] = {}

    def state(self) -> State:
        """What tells one state of the files from another, without reading them."""
        source = open_source(self._folder)
        state = {DAY: datetime.now(UTC).date().isoformat()}
        self._listed = {name: source.entries(name) for name in (*CONTENT, *TOP)}
        for entries in self._listed.values():
            state.update((entry.path, entry.signature) for entry in entries)
        return state

    def source(self, state: State, names: Names) -> Source:
        """The files as they were listed for the last state."""
        return ByContent(open_source(self._folder), self._listed, names)

    def watched(self) -> list[Watched]:
        """The folders with the files, and the top with what stands there by itself."""
        return [
            Watched(tuple(self._folder / name for name in CONTENT), True, self._matters),
            Watched((self._folder,), False, lambda path: Path(path).name in (*TOP, *CONTENT)),
        ]

    def reason(self, before: State | None, now: State) -> str:
        """For the release log: which edits these are."""
        if before is None:
            return "the work tree when the server started"
        changed = [path for path in sorted({*before, *now} - {DAY}) if before.get(path) != now.get(path)]
        if not changed:
            return "the work tree, tried again"
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        return f"edits of the work tree: {', '.join(changed[:3])}{more}"

    def is_of_flags(self, before: State, now: State) -> bool:
        """Whether nothing but flags is another one in `now`."""
        return all(load.is_of_flags(path) for path in {*before, *now} if before.get(path) != now.get(path))

    def at(self, state: State) -> str | None:
        """No revision: the files as they are."""
        return None

    def _matters(self, path: str) -> bool:
        """Whether an event is about a file that is read: not what Python and editors leave beside them."""
        inside = path[len(str(self._folder)) :].split("/")
        return _BESIDE.isdisjoint(inside) and not path.endswith((".swp", ".swx", "~", ".tmp", ".pyc"))
