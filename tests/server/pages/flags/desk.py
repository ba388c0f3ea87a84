"""What answers in the process that follows a repository, without the process; it releases into a shop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from terrace.asking import book, definition
from terrace.server.audited import folder_of
from terrace.server.problems import ProblemError
from terrace.server.turning import desk
from terrace.server.turning.overrides import Overrides
from terrace.server.turning.wanted import Wanted

Release = Callable[[Mapping[str, Any], str, str], None]


class Desk:
    """Answers for the repository at `folder`. `release` gets each environment's definition, its name and the commit."""

    def __init__(self, folder: Path, own: Path, release: Release, environments: tuple[str, ...]) -> None:
        self._folder, self._release, self._environments = folder, release, environments
        wanted = Wanted(str(folder), "refs/heads/main", environments, str(own), "Ada")
        self.overrides = Overrides(folder_of(own), wanted.name, wanted.override_hours)
        self._desk = desk.Desk(wanted, self, self.overrides, lambda _: None)
        self.asked: list[Mapping[str, Any]] = []
        self.away = False

    async def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer, as it comes through the door."""
        self.asked.append(request)
        if self.away:
            raise ProblemError(503, "The process that follows the repository is away.")
        said = self._desk.answer(orjson.loads(orjson.dumps(request)))
        found: Mapping[str, Any] = orjson.loads(said if isinstance(said, bytes) else orjson.dumps(said))
        return found

    def now(self, environment: str, seconds: float) -> bool:
        """What was committed is released."""
        self.release()
        return True

    def ring(self) -> None:
        """Nobody has to be told."""

    def release(self) -> None:
        """Release what is committed."""
        flags = book(self._folder, at="main")
        for name in self._environments:
            self._release(definition(flags, name), name, flags.commit)
