"""What those who serve may ask of the process that follows, and the answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from terrace.asking import FlagBook, book
from terrace.errors import TerraceError
from terrace.git import Git, find
from terrace.load import FLAGS
from terrace.server.turning.courier import Courier
from terrace.server.turning.overrides import Overrides
from terrace.server.turning.remote import remote_of
from terrace.server.turning.telling import in_full, told
from terrace.server.turning.wanted import Wanted, tip
from terrace.server.turning.writing import Releasing, Writer
from terrace.source import open_source
from terrace.toggle.commit import repository
from terrace.toggle.history import Change, history

_MOST = 200
Said = Mapping[str, Any]


class Desk:
    """Answers for one repository that is followed."""

    def __init__(
        self, wanted: Wanted, releasing: Releasing, overrides: Overrides, told: Callable[[str], None]
    ) -> None:  # fmt: skip
        self._wanted, self._releasing, self._overrides = wanted, releasing, overrides
        self._folder = Path(wanted.folder)
        self._writer = Writer(wanted, releasing, overrides)
        remote = remote_of(self._git, wanted.ref) if wanted.ref else None
        self.courier = Courier(wanted, self._git, remote, overrides, self._writer.alone, told) if remote else None
        self._reading = threading.Lock()
        self._book: tuple[object, FlagBook] | None = None
        self._list: tuple[object, bytes] | None = None

    def answer(self, asked: Said) -> Said | bytes:
        """The answer to a question."""
        ways: dict[str, Callable[[Said], Said | bytes]] = {
            "list": self._listed, "show": self._shown, "history": self._past, "toggle": self._writer.toggle,
            "fetch": self._fetched,
        }  # fmt: skip
        way = ways.get(str(asked.get("do")))
        if way is None:
            return {"status": 400, "detail": "There is no such question."}
        try:
            return way(asked)
        except TerraceError as error:
            return {"status": 503, "detail": f"{error.message}. {error.hint}".strip()}

    def _listed(self, asked: Said) -> Said | bytes:
        flags, key = self._now()
        overrides = self._overrides.now(datetime.now(UTC))
        key = key, overrides
        if asked.get("known") == flags.commit and self._wanted.ref and not overrides and self._list_is(key):
            return {"status": 304, "commit": flags.commit}
        with self._reading:
            if self._list is None or self._list[0] != key:
                each = [told(flags, flag, self._wanted.environments, overrides) for flag in flags.flags.flags.values()]
                self._list = key, orjson.dumps({**self._head(flags), "flags": each})
            return self._list[1]

    def _list_is(self, key: object) -> bool:
        return self._list is not None and self._list[0] == key

    def _shown(self, asked: Said) -> Said:
        flags, _ = self._now()
        flag = flags.flags.flags.get(str(asked.get("flag")))
        if flag is None:
            return {"status": 404, "detail": "There is no such flag."}
        overrides = self._overrides.now(datetime.now(UTC))
        return {**self._head(flags), **in_full(flags, flag, self._wanted.environments, overrides)}

    def _past(self, asked: Said) -> Said:
        flags, _ = self._now()
        limit = asked.get("limit")
        limit = min(max(limit, 1), _MOST) if isinstance(limit, int) else _MOST
        changes = history(
            self._git, flags.commit, str(asked.get("flag")),
            {name: flags.environments[name] for name in flags.ordered() if name in self._wanted.environments},
            environment=str(asked.get("environment") or ""), limit=limit,
        )  # fmt: skip
        return {**self._head(flags), "commits": [_changed(each) for each in changes]}

    def _fetched(self, _: Said) -> Said:
        if self.courier is not None:
            self.courier.fetch()
        self._releasing.ring()
        return {"status": 200, "fetched": self.courier is not None}

    @cached_property
    def _git(self) -> Git:
        return repository(self._folder)

    def _head(self, flags: FlagBook) -> dict[str, Any]:
        return {"status": 200, "commit": flags.commit, "follows": self._wanted.name}

    def _now(self) -> tuple[FlagBook, object]:
        """The flags as the followed state has them, and what tells that state from another."""
        with self._reading:
            key: object = ""
            if self._wanted.ref or find(self._folder) is not None:
                key = tip(self._git, self._wanted.ref or "HEAD")
            if not self._wanted.ref:
                entries = open_source(self._folder).entries(FLAGS)
                key = key, tuple((entry.path, entry.signature) for entry in entries)
            if self._book is None or self._book[0] != key:
                found = book(self._folder, at=self._wanted.ref or None)
                self._book = key, found
            return self._book[1], key


def _changed(change: Change) -> Said:
    commit = change.commit
    return {
        "commit": commit.oid, "before": commit.parent, "time": commit.time, "author": commit.author,
        "subject": commit.subject, "reason": change.reason,
        "environments": {name: {"before": was, "after": now} for name, (was, now) in change.moves.items()},
        "revertible": change.was and bool(commit.parent) and bool(change.moves),
    }  # fmt: skip
