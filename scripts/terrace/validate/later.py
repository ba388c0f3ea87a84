"""Regular expressions that are compiled when they are first used: a run needs few of all that rules hold ready."""

from __future__ import annotations

import re
from typing import Any, cast


class _Later:
    def __init__(self, source: str, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)  # the next use goes straight to the compiled pattern's own method
        return found


def later(source: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern that behaves as a compiled one, and costs nothing until it is asked for something."""
    return cast("re.Pattern[str]", _Later(source, flags))
