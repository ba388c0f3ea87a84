"""What pages ask of the process that follows the repository: what flags are there, and to change one."""

from __future__ import annotations

from typing import Any

from terrace.server.door import Repository
from terrace.server.pages.flags.told import Said
from terrace.server.problems import ProblemError

NONE = "Changing flags here needs the repository: terrace serve --repo DIR."


class Reading:
    """Asks for what is told of flags. Pages are there without an answer, and say what is wrong."""

    def __init__(self, repository: Repository | None) -> None:
        self._repository = repository

    @property
    def is_there(self) -> bool:
        """Whether a repository is followed."""
        return self._repository is not None

    async def ask(self, **request: Any) -> tuple[Said | None, str]:
        """An answer; or None, and why there is none."""
        if self._repository is None:
            return None, ""
        try:
            said = await self._repository.ask(request)
        except ProblemError as error:
            return None, error.detail
        if said.get("status") != 200:
            return None, str(said.get("detail", ""))
        return said, ""
